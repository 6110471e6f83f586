/**
 * What the parts of the starter pack's training are worth: its CLIP trained with one thing changed at a time, all with the same small number of
 * steps, and the coarse masks that it then gives.
 *
 *     npm run bench:ablations -- --data DIR --work DIR [--epochs 2] [--only NAME]...
 *
 * It can be stopped and resumes. Written is `tables.md` in `--work`.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { positional, runCommand, runStages, type Settings, type Stage } from "../scripts/pack-stages.ts";
import { csvOf } from "../scripts/starter/csv.ts";
import { type Measured, measure } from "../scripts/starter/measure.ts";
import { starterRecipes } from "../scripts/starter/recipe.ts";
import { partOf, type Scan, scansOf, tablesOf } from "../scripts/starter/tables.ts";
import { captionWords, starterVocabulary, thingsOf } from "../scripts/starter/vocabulary.ts";
import type { Kind } from "../scripts/starter/words.ts";
import { loadModel, type SegmentOptions } from "../src/index.ts";
import { mean } from "../src/metrics/index.ts";
import { measuredSets } from "./starter/sets.ts";

const { values: flags } = parseArgs({
  options: {
    data: { type: "string" },
    work: { type: "string" },
    epochs: { type: "string", default: "2" },
    only: { type: "string", multiple: true },
    threads: { type: "string", default: "2" },
    command: { type: "string", default: "dist/cli/main.js" },
    /** Any SAM: only coarse masks are compared. */
    sam: { type: "string", default: "packs/phantom/sam" },
  },
});
if (!flags.data || !flags.work) throw new Error("--data DIR and --work DIR are needed");
const [data, work] = [resolve(flags.data), resolve(flags.work)];
const { clip, defaults } = starterRecipes.full;
const seed = 1;

/** A training with one thing changed. */
interface Variant {
  readonly name: string;
  readonly scans: (all: readonly Scan[]) => readonly Scan[] | Promise<readonly Scan[]>;
  readonly sizes?: object;
  readonly training?: Settings;
  readonly options?: SegmentOptions;
}

const dense: SegmentOptions = { ...defaults.saliency, ...defaults.coarse, ...defaults.refine, maskPrompt: false };
const { dense: _, ...patchesOnly } = clip.sizes as { dense: object };
const half = (scans: readonly Scan[]) => partOf(scans, { fraction: 0.5, seed: 2 });
const everyVariant: readonly Variant[] = [
  { name: "as the pack", scans: (all) => all },
  { name: "half of the scans", scans: half },
  { name: "a quarter of the scans", scans: (all) => half(half(all)) },
  { name: "with as many phantoms", scans: async (all) => [...all, ...(await phantoms())] },
  { name: "no augmentation", scans: (all) => all, training: { augment: "none" } },
  {
    name: "14 x 14 patches alone",
    scans: (all) => all,
    sizes: patchesOnly,
    training: { denseWeight: 0, diceWeight: 0, regionWeight: 20 },
    options: { ...dense, saliencyMethod: "patch-text", threshold: 0.7, keep: 2 },
  },
  ...(["us_breast_tumor", "mri_brain_tumor"] as const).map(
    (kind): Variant => ({ name: `one task alone: ${kind}`, scans: (all) => all.filter((scan) => scan.kind === kind) }),
  ),
];
const variants = everyVariant.filter(({ name }) => !flags.only || flags.only.includes(name));

await mkdir(work, { recursive: true });
const nameOf = ({ name }: Variant) => name.replaceAll(/\W+/g, "-");
await runStages(
  work,
  variants.map((variant): Stage => [nameOf(variant), () => train(variant, join(work, nameOf(variant)))]),
);
const lines: string[][] = [];
for (const variant of variants) lines.push([variant.name, ...(await scoresOf(variant, join(work, nameOf(variant))))]);
const names = (await sets()).map(({ name }) => name);
const head = ["training", ...names];
const text = [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
await writeFile(join(work, "tables.md"), text);
process.stdout.write(text);

/** One stage of the same number of steps for all, whatever the number of scans. */
async function train({ scans, sizes = clip.sizes, training = {} }: Variant, folder: string): Promise<void> {
  const all = (await scansOf(data)).filter(({ split }) => split === "train");
  const used = (await scans(all)).map((scan) => ({ ...scan, image: resolve(data, scan.image), masks: absolute(scan.masks) }));
  const words = await captionWords(join(data, "data", "captions_medpix", "captions.csv"));
  const { pairs, regions } = tablesOf(used, thingsOf(words));
  const whole = tablesOf(all, []).pairs.length;
  await mkdir(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  await writeFile(at("pairs.csv"), csvOf([["filename", "Caption"], ...pairs]));
  await writeFile(at("regions.csv"), csvOf([["filename", "phrase", "mask"], ...regions]));
  await writeFile(
    at("vocab.txt"),
    `${starterVocabulary(
      words,
      all.flatMap((scan) => scan.captions),
    ).join("\n")}\n`,
  );
  await writeFile(at("clip.json"), JSON.stringify({ clip: sizes }));
  const command = (name: string, settings: Settings) => runCommand(flags.command, name, settings);
  await command("models init", { [positional]: at("clip.json"), purpose: "training", seed, out: at("start"), vocab: at("vocab.txt") });
  await command("finetune", {
    ...{ clip: at("start"), pairs: at("pairs.csv"), regions: at("regions.csv"), out: at("run"), threads: flags.threads, seed },
    ...clip.training,
    ...training,
    ...{ epochs: Math.max(1, Math.round((Number(flags.epochs) * whole) / pairs.length)), lr: 1e-3, warmup: 100 },
  });
}

/** Mean DSC of the coarse masks of the first sentence of each set. */
async function scoresOf({ options = dense }: Variant, folder: string): Promise<string[]> {
  const model = await loadModel({ clip: join(folder, "run", "model"), sam: flags.sam });
  const scores: string[] = [];
  for (const set of await sets()) {
    const rows: Measured[] = await measure(model, set, options);
    scores.push(mean(rows.flatMap((row) => (row.kind === "present" ? row.coarseDsc! : []))).toFixed(3));
  }
  await model.dispose();
  return scores;
}

/** The sets that have a question, with their first sentence alone. */
async function sets() {
  const wanted = ["breast", "brain", "chest"];
  return (await measuredSets(data))
    .filter(({ name, questions }) => questions.length > 0 && wanted.some((begin) => name.startsWith(begin)))
    .map((set) => ({
      ...set,
      absent: [],
      questions: set.questions.slice(0, 1).map((one) => ({ ...one, sentences: [one.sentences[0]] as const })),
    }));
}

function absolute(masks: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...masks].map(([name, file]) => [name, resolve(data, file)]));
}

/** As many phantoms of each kind of scan as there are scans, roughly. */
async function phantoms(): Promise<Scan[]> {
  const folder = join(work, "phantoms");
  await runCommand(flags.command, "phantom", { out: folder, count: 600, seed: 1 });
  const { images } = JSON.parse(await readFile(join(folder, "phantoms.json"), "utf8")) as {
    images: { name: string; modality: string; structures: Record<string, unknown> }[];
  };
  const kinds: Readonly<Record<string, Kind>> = {
    "breast-ultrasound": "us_breast_tumor",
    "brain-mri": "mri_brain_tumor",
    "chest-xray": "xray_chest_lungs",
    "chest-ct": "ct_lung",
  };
  const targets: Readonly<Record<string, readonly string[]>> = {
    lesion: ["breast lesion", "breast lesion, ultrasound", "lesion"],
    tumor: ["brain tumour", "brain tumour, MRI", "lesion"],
    lungs: ["lungs"],
    left_lung: ["left lung"],
    right_lung: ["right lung"],
  };
  return images.map(({ name, modality, structures }) => {
    const hasLungs = structures.left_lung !== undefined && structures.right_lung !== undefined;
    const shown = [...Object.keys(structures), ...(hasLungs ? ["lungs"] : [])].filter((structure) => structure in targets);
    const masks = shown.flatMap((structure) =>
      targets[structure]!.map((target) => [target, join(folder, `masks_${structure}`, `${name}.png`)] as const),
    );
    return {
      ...{ kind: kinds[modality]!, image: join(folder, "images", `${name}.png`), split: "train", group: name },
      ...{ masks: new Map(masks), captions: [`A synthetic ${modality.replace("-", " ")}.`] },
    };
  });
}
