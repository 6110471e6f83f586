/**
 * Tables of real images with masks, split into a training and a test set; images are not copied.
 *
 *     npm run bench:real -- --data DIR --out DIR
 *
 * `--data` is a folder with an `index.csv` (columns image, mask, modality, label, group) and the sets named below. Written are `targets-train.csv` and `targets-test.csv`
 * for `bench:table --targets` and `finetune-sam --data`, `captions.csv` and `regions.csv` for `finetune`. A set is split in the middle of its groups (patients), sorted
 * by name; without groups, in the middle of its files, so that neighbours, which may be of one patient, stay together.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "csv-parse/sync";
import {
  caption,
  Draws,
  distractors,
  type Modality,
  promptFor,
  type StructureName,
  structureCaption,
  wordsOf,
} from "../src/phantom/index.ts";

/** A row of `index.csv`. */
interface Row {
  readonly image: string;
  readonly mask: string;
  readonly modality: string;
  readonly label: string;
  readonly group: string;
  readonly mask_pixels: string;
}

/** A set of the index, and its outlined structure. */
interface RealSet {
  readonly modality: Modality;
  readonly structure: StructureName;
  readonly prompt: string;
}

const sets: Readonly<Record<string, RealSet>> = {
  us_breast_tumor: { modality: "breast-ultrasound", structure: "lesion", prompt: "A breast ultrasound showing a breast tumor" },
  mri_brain_tumor: { modality: "brain-mri", structure: "tumor", prompt: "A brain MRI showing the brain tumor" },
  xray_chest_lungs: { modality: "chest-xray", structure: "lungs", prompt: "A chest X-ray showing the lungs" },
  ct_lung: { modality: "chest-ct", structure: "lungs", prompt: "A chest CT showing the lungs" },
};

const seed = 42;
const { values: flags } = parseArgs({ options: { data: { type: "string" }, out: { type: "string" } } });
if (!flags.data || !flags.out) throw new Error("--data DIR and --out DIR are needed");
const [data, out] = [resolve(flags.data), resolve(flags.out)];
await mkdir(out, { recursive: true });
const rows = (parse(await readFile(join(data, "index.csv"), "utf8"), { columns: true }) as Row[]).filter(
  ({ modality }) => modality in sets,
);
const isTrained = trainedOf(rows);
const train = rows.filter((row) => isTrained.has(row));
const test = rows.filter((row) => !isTrained.has(row));
await writeFile(join(out, "targets-train.csv"), targetsCsv(train));
await writeFile(join(out, "targets-test.csv"), targetsCsv(test));
await writeFile(join(out, "captions.csv"), captionsCsv(train));
await writeFile(join(out, "regions.csv"), regionsCsv(train));
for (const name of Object.keys(sets)) {
  const count = (some: readonly Row[]) => some.filter(({ modality }) => modality === name).length;
  process.stdout.write(`${name}: ${count(train)} training images, ${count(test)} test images\n`);
}

/** The first half of each set, by patients if known. */
function trainedOf(all: readonly Row[]): ReadonlySet<Row> {
  const trained = new Set<Row>();
  for (const stratum of new Set(all.map(stratumOf))) {
    const own = all.filter((row) => stratumOf(row) === stratum);
    const units = [...new Set(own.map(unitOf))].sort();
    const first = new Set(units.slice(0, Math.ceil(units.length / 2)));
    for (const row of own) if (first.has(unitOf(row))) trained.add(row);
  }
  return trained;
}

/** The unit that is split in halves: for radiographs the whole set, as a patient's images may have several findings. */
function stratumOf({ modality, label }: Row): string {
  return modality === "xray_chest_lungs" ? modality : `${modality}/${label}`;
}

/** Key of images that stay together: the patient, or the file if the patient is unknown. */
function unitOf({ group, image }: Row): string {
  return /^(patient \d|BUS-BRA case)/.test(group) ? group : image;
}

/** image, mask, prompt, group, kind; images without a target are left out. */
function targetsCsv(some: readonly Row[]): string {
  const lines = some.flatMap(({ image, mask, modality, mask_pixels }) => {
    const { structure, prompt } = sets[modality]!;
    if (mask_pixels === "0") return [];
    return [[join(data, image), join(data, mask), prompt, `${modality}, ${structure}`, structure === "lungs" ? "structure" : "lesion"]];
  });
  return csv([["image", "mask", "prompt", "group", "kind"], ...lines]);
}

/** filename, Caption: one for the finding and one for the structure, worded as for phantoms. */
function captionsCsv(some: readonly Row[]): string {
  const lines = some.flatMap((row) => {
    const { modality, structure } = sets[row.modality]!;
    const isNormal = row.mask_pixels === "0";
    const structures = new Map<string, { facts: { kind?: string } }>();
    if (structure === "lungs") for (const side of ["left_lung", "right_lung"]) structures.set(side, { facts: {} });
    else if (!isNormal) structures.set(structure, { facts: { kind: row.label } });
    const file = join(data, row.image);
    const draws = new Draws(`real/${row.image}`, seed);
    const short = isNormal ? [] : [structureCaption(modality, draws.pick(wordsOf(structure).phrases), draws)];
    const whole = structure === "lungs" ? [] : [caption({ modality, structures }, `real/${row.image}/caption`, seed)];
    return [...whole, ...short].map((text) => [file, text]);
  });
  return csv([["filename", "Caption"], ...lines]);
}

/** filename, phrase, mask: each outlined structure with all its wordings. A few unrelated words count as absent; nothing is stated about other structures. */
function regionsCsv(some: readonly Row[]): string {
  const lines = some.flatMap((row) => {
    const { modality, structure } = sets[row.modality]!;
    const { phrases, kinds } = wordsOf(structure);
    const file = join(data, row.image);
    const mask = row.mask_pixels === "0" ? "" : join(data, row.mask);
    const draws = new Draws(`real/sentences/${modality}`, seed);
    const sentences = phrases.flatMap((phrase) => [promptFor(modality, phrase, draws), promptFor(modality, phrase, draws)]);
    const ofKinds = Object.entries(kinds ?? {}).map(([kind, words]) => [file, words.join("|"), row.label === kind ? mask : ""]);
    return [
      [file, phrases.join("|"), mask],
      [file, [...new Set(sentences)].join("|"), mask],
      ...ofKinds,
      ...distractors.slice(0, 4).map((words) => [file, words.join("|"), ""]),
    ];
  });
  return csv([["filename", "phrase", "mask"], ...lines]);
}

function csv(lines: readonly (readonly string[])[]): string {
  return lines
    .map((cells) => `${cells.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\n`)
    .join("");
}
