/**
 * What `adapt` gains: a pack is adapted to a few outlined images of sets that it never saw, and measured on the others, before and after.
 *
 *     npm run bench:adapt -- --data DIR --out DIR [--pack NAME|DIR] [--case TEXT]... [--settings JSON]
 *
 * `--data` is a folder with `training/index.csv` and `data/` (sets with images/ and masks/). `--case` takes the cases whose names begin so; `--settings` are further
 * settings of `adapt`. Written are the adapted packs, and `tables.md`. It resumes.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "csv-parse/sync";
import { adapt } from "../src/index.ts";
import { resultRows } from "../src/pipeline/adapt/card.ts";
import type { PackScores } from "../src/pipeline/adapt/measure.ts";
import { csvText } from "../src/pipeline/text-table.ts";
import { uniform } from "../src/tensor/random.ts";

/** Images of a set, some of which a pack is adapted to; the others are held out. */
interface Case {
  readonly name: string;
  readonly prompt: string;
  readonly train: readonly Row[];
  readonly heldOut: readonly Row[];
}

/** An image and its mask. */
type Row = readonly [image: string, mask: string];

const seed = 42;
const { values: flags } = parseArgs({
  options: {
    data: { type: "string" },
    out: { type: "string" },
    pack: { type: "string" },
    case: { type: "string", multiple: true, default: [""] },
    settings: { type: "string", default: "{}" },
  },
});
if (!flags.data || !flags.out) throw new Error("--data DIR and --out DIR are needed");
const [data, out] = [resolve(flags.data), resolve(flags.out)];

const lesions = await breastLesions();
const atrium = await folderOf("mri_heart_left_atrium");
const skin = shuffled(await folderOf("skin_lesion"));
const ofPatient = (row: Row) => /la_(\d+)/.exec(row[0])![1]!;
const patients = [...new Set(atrium.map(ofPatient))];
/** Held-out patients of the slices of the heart: two of five. */
const apart = patients.slice(-2);
const cases: Case[] = [
  ...[20, 100].map((count) => ({
    ...{ name: `breast-${count}`, prompt: "the breast lesion" },
    ...{ train: lesions.slice(0, count), heldOut: lesions.slice(100) },
  })),
  {
    ...{ name: "atrium", prompt: "the left atrium" },
    train: atrium.filter((row) => !apart.includes(ofPatient(row))),
    heldOut: atrium.filter((row) => apart.includes(ofPatient(row))),
  },
  { name: "skin", prompt: "the skin lesion", train: skin.slice(0, 6), heldOut: skin.slice(6) },
];

await mkdir(out, { recursive: true });
const parts: string[] = [];
for (const one of cases.filter(({ name }) => flags.case.some((begin) => name.startsWith(begin)))) parts.push(await measured(one));
await writeFile(join(out, "tables.md"), parts.join("\n\n"));
process.stdout.write(`${parts.join("\n\n")}\n`);

/** The rows before and after, as a table. */
async function measured({ name, prompt, train, heldOut }: Case): Promise<string> {
  const table = async (part: string, rows: readonly Row[]) => {
    const file = join(out, `${name}-${part}.csv`);
    await writeFile(file, csvText([["image", "mask"], ...rows]));
    return file;
  };
  const settings = {
    ...{ data: await table("train", train), heldOut: await table("held-out", heldOut), prompt: [prompt], out: join(out, name) },
    ...(flags.pack !== undefined && { pack: flags.pack }),
    ...JSON.parse(flags.settings),
  };
  for await (const event of adapt(settings)) {
    if (event.type === "stage") process.stderr.write(`${name}: ${event.message}\n`);
    if (event.type === "step" && event.step % 20 === 0)
      process.stderr.write(`${name}: step ${event.step}, loss ${event.loss.toFixed(3)}\n`);
  }
  const { stages } = JSON.parse(await readFile(join(out, name, "adapt.json"), "utf8")) as { stages: StageLine[] };
  const scores = (stage: string) => stages.find((line) => line.stage === stage)!.scores!;
  const [head, ...rows] = resultRows({ before: scores("before"), after: scores("after") }, seed);
  const training = stages
    .filter(({ stage }) => stage === "clip" || stage === "sam")
    .map(({ stage, seconds }) => `${stage} ${Math.round(seconds)} s`);
  return [
    `${name}: "${prompt}", ${train.length} images for adapting, ${heldOut.length} held out; ${training.join(", ")}`,
    "",
    ...[head!, head!.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`),
  ].join("\n");
}

/** A line of `stages` in `adapt.json`. */
interface StageLine {
  readonly stage: string;
  readonly seconds: number;
  readonly scores?: PackScores;
}

/** Breast ultrasound of the source BUSI with a lesion, in random order. */
async function breastLesions(): Promise<Row[]> {
  const rows = parse(await readFile(join(data, "training", "index.csv")), { columns: true }) as Record<string, string>[];
  const own = rows.filter(({ modality, label }) => modality === "us_breast_tumor_busi" && label !== "normal");
  return shuffled(own.map(({ image, mask }) => [join(data, "training", image!), join(data, "training", mask!)]));
}

/** Images of a set that have a mask of the same name. */
async function folderOf(name: string): Promise<Row[]> {
  const files = await readdir(join(data, "data", name, "images"));
  return files
    .sort()
    .map((file) => [join(data, "data", name, "images", file), join(data, "data", name, "masks", file.replace(/\.\w+$/, ".png"))]);
}

function shuffled(rows: readonly Row[]): Row[] {
  const draw = ([image]: Row) => uniform(`bench/adapt/${image.slice(data.length)}`, seed).at(0);
  return [...rows].sort((a, b) => draw(a) - draw(b));
}
