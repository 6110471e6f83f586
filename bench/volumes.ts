/**
 * What makes volumes of slices: the 3D DSC of `segment` with each part of its volume consistency on and off, on synthetic volumes and real CT.
 *
 *     npm run bench:volumes -- --data DIR --work DIR [--threads 1]
 *
 * `--data` is the folder with `data`, whose CT volume has labels of TotalSegmentator (a model, not people), and whose slices of a chest CT have masks of people. Nothing is trained or tuned
 * on them. It resumes; `volumes.md` in `--work` is the table.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { positional, runCommand, runStages, type Settings, type Stage } from "../scripts/pack-stages.ts";
import { decodeImage } from "../src/index.ts";
import { writeNifti } from "../src/results/nifti.ts";
import { readMask } from "../src/scans/read-mask.ts";
import { readNifti } from "../src/scans/sources/nifti/read-nifti.ts";

const { values: flags } = parseArgs({
  options: {
    data: { type: "string" },
    work: { type: "string" },
    threads: { type: "string", default: "1" },
    command: { type: "string", default: "dist/cli/main.js" },
  },
});
if (!flags.data || !flags.work) throw new Error("--data DIR and --work DIR are needed");
const [data, work] = [resolve(flags.data), resolve(flags.work)];
const at = (...parts: string[]) => join(work, ...parts);

/** Parts of the consistency, and the answer "not present" of single slices, which `--presence 0` switches off. */
const variants: Readonly<Record<string, Settings>> = {
  "slices alone": {},
  "without the answer 'not present'": { presence: 0 },
  propagated: { propagate: true },
  smoothed: { smoothSlices: 1 },
  "small components dropped": { componentShare: 0.1 },
  "smoothed, small components dropped": { smoothSlices: 1, componentShare: 0.1 },
  "all three": { propagate: true, smoothSlices: 1, componentShare: 0.1 },
};

/** Scans with one target, and the folder of true masks of the same names. */
interface Case {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly truth: string;
  readonly settings: Settings;
}

/** Lobes of the lungs in TotalSegmentator's labels, version 2. */
const lobes = [10, 11, 12, 13, 14];

/** The labels of real scans as masks of one target. */
async function lungsOf(labels: string, file: string): Promise<void> {
  const { volume, shape, position } = await readNifti({ name: labels, bytes: await readFile(labels) });
  const mask = Uint8Array.from(volume(0).data, (label) => (lobes.includes(label) ? 1 : 0));
  await writeNifti(file, { shape, data: mask, placement: position.placement, isLabels: true });
}

/** Every fifth to ninth slice of a chest CT (Konya et al. 2020), which come as pictures, as a volume with places of its own. */
async function konyaVolume(): Promise<void> {
  const folder = join(data, "data/ct_lung");
  const names = (await readdir(join(folder, "images"))).map((file) => file.replace(/\.\w+$/, "")).sort();
  const own = names.filter((name) => name.startsWith("konya_10"));
  const images = await Promise.all(own.map((name) => decodeImage(join(folder, "images", `${name}.jpg`))));
  const masks = await Promise.all(own.map((name) => readMask(join(folder, "masks", `${name}.png`))));
  const { width, height } = images[0]!.image;
  const [levels, lungs] = [new Uint8Array(own.length * width * height), new Uint8Array(own.length * width * height)];
  for (const [k, { image }] of images.entries()) {
    for (let i = 0; i < width * height; i++) levels[k * width * height + i] = image.data[3 * i]!;
    lungs.set(masks[k]!.mask.data, k * width * height);
  }
  const affine = [
    [-1, 0, 0, 0],
    [0, -1, 0, 0],
    [0, 0, 5, 0],
  ] as const;
  const placement = { affine, spacing: [1, 1, 5], qformCode: 1, sformCode: 1, isUnitKnown: true } as const;
  const shape = [width, height, own.length] as const;
  await writeNifti(at("konya", "volume-b.nii"), { shape, data: levels, placement });
  await writeNifti(at("lungs-konya", "volume-b.nii.gz"), { shape, data: lungs, placement, isLabels: true });
}

const sentences: Readonly<Record<string, readonly (readonly [target: string, prompt: string, window: string])[]>> = {
  "chest-ct": [
    ["left_lung", "A CT slice of the chest showing the left lung", "lung"],
    ["heart", "A CT slice of the chest showing the heart", "soft"],
    ["nodule", "A CT slice of the chest showing the lung nodule", "lung"],
  ],
  "brain-mri": [
    ["brain", "An MRI scan of the brain showing the whole brain", "file"],
    ["tumor", "An MRI scan of the brain showing the tumor", "file"],
  ],
};

const phantoms = Object.keys(sentences);
await mkdir(work, { recursive: true });
await runStages(work, [
  ...phantoms.map(
    (modality): Stage => [
      `draw ${modality}`,
      () =>
        runCommand(flags.command, "phantom", {
          volume: true,
          modalities: [modality],
          count: 4,
          slices: 24,
          size: 160,
          seed: 77,
          out: at(modality),
        }),
    ],
  ),
  [
    "labels of CT",
    async () => {
      await lungsOf(join(data, "data/nifti/example_ct_sm_seg.nii.gz"), at("lungs-volume", "example_ct_sm.nii.gz"));
      await konyaVolume();
    },
  ],
]);

const cases: readonly Case[] = [
  ...phantoms.flatMap((modality) =>
    sentences[modality]!.map(([target, prompt, window]) => ({
      name: `${modality} ${target}`,
      inputs: [at(modality, "images")],
      truth: at(modality, `masks_${target}`),
      settings: { pack: "phantom", prompt: [prompt], window },
    })),
  ),
  {
    name: "slices of a chest CT, lungs",
    inputs: [at("konya", "volume-b.nii")],
    truth: at("lungs-konya"),
    settings: { prompt: ["the lungs"] },
  },
  {
    name: "CT volume, lungs",
    inputs: [join(data, "data/nifti/example_ct_sm.nii.gz")],
    truth: at("lungs-volume"),
    settings: { prompt: ["the lungs"], window: "lung" },
  },
];

const folderOf = (one: string, variant: string) => at(`${one} ${variant}`.replaceAll(/\W+/g, "-"));
await runStages(
  work,
  cases.flatMap((one) =>
    Object.entries(variants).map(([variant, settings]): Stage => {
      const out = folderOf(one.name, variant);
      return [`${one.name}, ${variant}`, () => segmentAndCompare(one, settings, out)];
    }),
  ),
);

async function segmentAndCompare({ inputs, truth, settings }: Case, variant: Settings, out: string): Promise<void> {
  await runCommand(flags.command, "segment", {
    [positional]: inputs,
    ...settings,
    ...variant,
    format: ["nifti"],
    threads: flags.threads,
    out,
  });
  await runCommand(flags.command, "evaluate", { pred: join(out, "nifti"), truth, json: join(out, "evaluation.json") });
}

const head = ["", ...cases.map(({ name }) => name)];
const rows: string[][] = [];
for (const variant of Object.keys(variants)) {
  const cells = cases.map(async ({ name }) => {
    const { images } = JSON.parse(await readFile(join(folderOf(name, variant), "evaluation.json"), "utf8")) as {
      images: { dsc: number }[];
    };
    return (images.reduce((sum, { dsc }) => sum + dsc, 0) / images.length).toFixed(3);
  });
  rows.push([variant, ...(await Promise.all(cells))]);
}
const counts = await Promise.all(
  cases.map(async ({ truth }) => String((await readdir(truth)).filter((file) => basename(file).endsWith(".nii.gz")).length)),
);
const text = [head, head.map(() => "---"), ["volumes", ...counts], ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
await writeFile(at("volumes.md"), text);
process.stdout.write(text);
