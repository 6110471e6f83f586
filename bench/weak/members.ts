/**
 * What the members of an ensemble should be, at equal training time: checkpoints of three cycles, the last ones of one falling learning rate, three seeds of
 * a third of the epochs, or mirrored inputs of one network. And what the quality gate is worth: the same training with all pseudo-labels.
 *
 *     npm run bench:weak-members -- --run DIR --work DIR [--threads 1] [--command dist/cli/main.js] [--only NAME]...
 *
 * `--run` is the output folder of `weak run --test-masks`, whose training, of three cycles, is the first row. It resumes. Written is `members.md` in `--work`.
 */
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "csv-parse/sync";
import { runCommand, runStages, type Settings, type Stage } from "../../scripts/pack-stages.ts";
import { decodeImage, writeGray } from "../../src/index.ts";
import { bootstrapMean, mean } from "../../src/metrics/index.ts";
import { type PresetName, trainPresets } from "../../src/pipeline/weak/train/presets.ts";
import { readLabels } from "../../src/scans/read-labels.ts";
import { riskCoverage } from "../../src/uncertainty/index.ts";

const { values: flags } = parseArgs({
  options: {
    run: { type: "string" },
    work: { type: "string" },
    threads: { type: "string", default: "1" },
    command: { type: "string", default: "dist/cli/main.js" },
    only: { type: "string", multiple: true },
  },
});
if (!flags.run || !flags.work) throw new Error("--run DIR and --work DIR are needed");
const [run, work] = [resolve(flags.run), resolve(flags.work)];
/** The training of the run, whose length all others have. */
const { settings: own, stepsPerEpoch: epochSteps } = JSON.parse(await readFile(join(run, "training", "run.json"), "utf8")) as {
  settings: { preset: PresetName; epochs?: number };
  stepsPerEpoch: number;
};
const { preset, epochs: given } = own;
const epochs = given ?? trainPresets[preset].epochs;
const at = (...parts: string[]) => join(work, ...parts);
const labelled = join(run, "pseudo-labels");
const [dataset] = (await readdir(labelled)).filter((name) => name.startsWith("Dataset"));

/** A way to make members of so many steps in all, and how an image is predicted by them. */
interface Variant {
  readonly name: string;
  readonly trainings: Readonly<Record<string, Settings>>;
  readonly members: { readonly model: readonly string[]; readonly members?: string };
}

const gated = { data: join(labelled, dataset!), weights: join(labelled, "weights.csv") };
const one = { cycles: 1, keep: "late" };
const variants: readonly Variant[] = [
  { name: "3 cycles, 10 checkpoints each", trainings: {}, members: { model: [join(run, "training")] } },
  { name: "1 falling rate, last 10 checkpoints", trainings: { late: one }, members: { model: [at("late")] } },
  { name: "the same, mirrored inputs of the last", trainings: {}, members: { model: [at("late")], members: "mirrors" } },
  {
    name: "3 seeds, a third of the epochs each",
    trainings: Object.fromEntries([1, 2, 3].map((seed) => [`seed${seed}`, { ...one, keep: "none", epochs: epochs / 3, seed }])),
    members: { model: [1, 2, 3].map((seed) => at(`seed${seed}`)), members: "models" },
  },
  {
    name: "3 cycles, without the gate",
    trainings: { "no-gate": { data: at(dataset!), weights: "" } },
    members: { model: [at("no-gate")] },
  },
];
const chosen = variants.filter(({ name }) => !flags.only || flags.only.some((begin) => name.startsWith(begin)));

await mkdir(work, { recursive: true });
const trainings = new Map(chosen.flatMap(({ trainings }) => Object.entries(trainings)));
if (trainings.has("no-gate")) await runStages(work, [["data without gate", allLabels]]);
const stages = [...trainings].map(([name, settings]): Stage => [`train ${name}`, () => train(name, settings)]);
await runStages(work, [...stages, ...chosen.map((variant): Stage => [`ensemble ${folderOf(variant)}`, () => ensemble(variant)])]);

const rows: string[][] = [];
for (const variant of chosen) rows.push(await rowOf(variant));
const head = [
  "members",
  "n",
  "DSC",
  "NSD",
  "AURC by pairwise Dice",
  "by mean entropy",
  "by foreground entropy",
  "by edge score",
  "best order",
];
const text = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
await writeFile(at("members.md"), text);
process.stdout.write(text);

function folderOf({ name }: Variant): string {
  return name.replaceAll(/\W+/g, "-");
}

async function train(name: string, settings: Settings): Promise<void> {
  const { weights, ...all } = { ...gated, seed: 1, ...settings } as Record<string, string | number>;
  const length = { preset, epochs, epochSteps };
  const weighted = weights === "" ? all : { ...all, weights: weights! };
  await runCommand(flags.command, "weak train", { ...length, ...weighted, threads: flags.threads, out: at(name) });
}

async function ensemble(variant: Variant): Promise<void> {
  const { model, members } = variant.members;
  const files = { images: join(run, "images"), labels: join(run, "true-labels"), out: at(folderOf(variant)) };
  await runCommand(flags.command, "weak uncertainty", { model, ...(members && { members }), ...files, threads: flags.threads });
}

/** All pseudo-labels, whatever the gate says of them. */
async function allLabels(): Promise<void> {
  const folder = at(dataset!);
  for (const part of ["imagesTr", "labelsTr"]) await mkdir(join(folder, part), { recursive: true });
  const { decisions } = JSON.parse(await readFile(join(labelled, "gate.json"), "utf8")) as { decisions: { name: string }[] };
  for (const { name } of decisions) {
    const { file } = JSON.parse(await readFile(join(labelled, "facts", `${name}.json`), "utf8")) as { file: string };
    const { image } = await decodeImage(file);
    const { width, height, data } = image;
    const gray = { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]!) };
    await writeGray(join(folder, "imagesTr", `${name}_0000.png`), gray);
    const { labels } = await readLabels(join(labelled, "labels", `${name}.png`));
    await writeGray(join(folder, "labelsTr", `${name}.png`), { width, height, data: Uint8Array.from(labels.data) });
  }
  const json = JSON.parse(await readFile(join(labelled, dataset!, "dataset.json"), "utf8"));
  await writeFile(join(folder, "dataset.json"), JSON.stringify({ ...json, numTraining: decisions.length }));
  await copyFile(join(labelled, "gate.json"), join(folder, "gate.json"));
}

async function rowOf(variant: Variant): Promise<string[]> {
  const rows = parse(await readFile(at(folderOf(variant), "scores.csv")), { columns: true }) as Record<string, string>[];
  const known = rows.filter(({ dsc }) => dsc !== "");
  const of = (column: string) => known.map((row) => Number(row[column]));
  const interval = (column: string) => {
    const [low, high] = bootstrapMean(of(column), { name: column, seed: 42, resamples: 1000 });
    return `${mean(of(column)).toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  };
  /** @param sign - -1 where a high value means certainty */
  const aurc = (column: string, sign: number) =>
    riskCoverage(
      known.map((row) => ({
        uncertainty: row[column] === "" ? Number.POSITIVE_INFINITY : sign * Number(row[column]),
        risk: 1 - Number(row.dsc),
      })),
    );
  const dice = aurc("pairwiseDice", -1);
  const others = ["meanEntropy", "foregroundEntropy", "edgeScore"].map((column) => aurc(column, 1).aurc.toFixed(3));
  return [
    ...[variant.name, String(known.length), interval("dsc"), interval("nsd"), dice.aurc.toFixed(3), ...others],
    (dice.aurc - dice.eAurc).toFixed(3),
  ];
}
