/**
 * Scores of the zero-shot pipeline on images with ground truth: a row for each choice of settings, a table for each kind of target.
 *
 *     npm run bench:table -- --phantoms DIR --pack phantom --row '{}' --row '{"classToken": "noise"}' [--limit 60] [--json FILE] [--pictures DIR]
 *     npm run bench:table -- --targets targets.csv --pack phantom
 *
 * `--phantoms` takes a folder that `medclip-sam phantom` wrote: one structure per image, the lesion if there is one, else one drawn by the image's
 * number. `--targets` takes a table with the columns image, mask, prompt, group and kind (`lesion` or `structure`).
 */
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import {
  decodeImage,
  dsc,
  loadModel,
  loadPack,
  overlay,
  readMask,
  type SegmentOptions,
  segment,
  surfaceNsd,
  writeRgb,
} from "../src/index.ts";
import { bootstrapMean, mean, pointing, rocAuc } from "../src/metrics/index.ts";
import { readTargets, type Target, targetsOfPhantoms } from "./targets.ts";

const { values: flags } = parseArgs({
  options: {
    phantoms: { type: "string" },
    targets: { type: "string" },
    pack: { type: "string", default: "phantom" },
    clip: { type: "string" },
    sam: { type: "string" },
    row: { type: "string", multiple: true, default: ["{}"] },
    /** A mismatched prompt for all images, scored in addition to the right one. */
    wrong: { type: "string" },
    /** Targets of each group. */
    limit: { type: "string", default: "1000000" },
    json: { type: "string" },
    pictures: { type: "string" },
  },
});

/** What a row scored on a target. Means over targets where the model saw no map count as they are. */
interface Score {
  readonly target: Target;
  readonly coarse: number;
  readonly dsc: number;
  readonly nsd: number;
  readonly auc: number;
  readonly pointing: number;
  readonly wrong?: number;
}

const found = flags.targets ? await readTargets(flags.targets) : await targetsOfPhantoms(flags.phantoms!);
const targets = limited(found, Number(flags.limit));
const model = flags.clip && flags.sam ? await loadModel({ clip: flags.clip, sam: flags.sam }) : await loadPack(flags.pack);
const results: { row: string; seconds: number; scores: readonly Score[] }[] = [];
for (const row of flags.row) {
  const begun = performance.now();
  const options = JSON.parse(row) as SegmentOptions;
  const scores: Score[] = [];
  for (const target of targets) scores.push(await scoreOf(target, options));
  results.push({ row, seconds: (performance.now() - begun) / 1000, scores });
  process.stderr.write(`${row}: ${summaryOf(scores)} in ${((performance.now() - begun) / 1000).toFixed(0)} s\n`);
}
await model.dispose();
process.stdout.write(
  `${targets.length} targets; DSC of mask and coarse mask, surface NSD at 2 px, AUC and pointing of the map; 95 % intervals\n\n`,
);
for (const { row, scores } of results) process.stdout.write(`${row}\n\n${tableOf(scores)}\n`);
if (flags.json) await writeFile(flags.json, `${JSON.stringify(results)}\n`);
if (flags.pictures) for (const [group, scores] of grouped(results[0]!.scores)) await draw(group, scores, flags.pictures);

async function scoreOf(target: Target, options: SegmentOptions): Promise<Score> {
  const { image } = await decodeImage(target.image, { mode: "paper" });
  const { mask: truth } = await readMask(target.mask);
  const name = basename(target.image);
  const { mask, coarse, saliency } = await segment(model, image, target.prompt, { ...options, name });
  const wrong = flags.wrong ? (await segment(model, image, flags.wrong, { ...options, name })).mask : undefined;
  return {
    target,
    coarse: dsc(coarse, truth),
    dsc: dsc(mask, truth),
    nsd: surfaceNsd(mask, truth),
    auc: rocAuc(saliency, truth) ?? Number.NaN,
    pointing: pointing(saliency, truth),
    ...(wrong && { wrong: dsc(wrong, truth) }),
  };
}

/** The first targets of each group. */
function limited(all: readonly Target[], limit: number): Target[] {
  const seen = new Map<string, number>();
  return all.filter(({ group }) => {
    const count = (seen.get(group) ?? 0) + 1;
    seen.set(group, count);
    return count <= limit;
  });
}

function grouped(scores: readonly Score[]): Map<string, Score[]> {
  const groups = new Map<string, Score[]>();
  for (const score of scores) groups.set(score.target.group, [...(groups.get(score.target.group) ?? []), score]);
  return groups;
}

function summaryOf(scores: readonly Score[]): string {
  const of = (kind: string) => scores.filter(({ target }) => target.kind === kind);
  const line = (name: string, some: readonly Score[]) =>
    `${name} DSC ${number(some, "dsc")} (coarse ${number(some, "coarse")}), AUC ${number(some, "auc")}, pointing ${number(some, "pointing")}`;
  return [line("structures", of("structure")), line("lesions", of("lesion"))].join("; ");
}

function number(scores: readonly Score[], key: Exclude<keyof Score, "target">): string {
  const values = scores.map((score) => score[key] ?? Number.NaN).filter((value) => !Number.isNaN(value));
  return values.length > 0 ? mean(values).toFixed(3) : "-";
}

function tableOf(scores: readonly Score[]): string {
  const groups: [string, readonly Score[]][] = [...grouped(scores)].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const kind of ["structure", "lesion"]) groups.push([`all ${kind}s`, scores.filter(({ target }) => target.kind === kind)]);
  const interval = (some: readonly Score[], key: "dsc" | "nsd") => {
    const [low, high] = bootstrapMean(
      some.map((score) => score[key]),
      { name: key, seed: 42, resamples: 1000 },
    );
    return `${number(some, key)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  };
  const hasWrong = scores.some(({ wrong }) => wrong !== undefined);
  const head = ["target", "n", "DSC", "surface NSD", "coarse DSC", "AUC", "pointing", ...(hasWrong ? ["mismatched prompt"] : [])];
  const rows = groups
    .filter(([, some]) => some.length > 0)
    .map(([name, some]) => [
      name,
      String(some.length),
      interval(some, "dsc"),
      interval(some, "nsd"),
      number(some, "coarse"),
      number(some, "auc"),
      number(some, "pointing"),
      ...(hasWrong ? [number(some, "wrong")] : []),
    ]);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

/** Best, median and worst of a group, as overlays with their scores as names. */
async function draw(group: string, scores: readonly Score[], folder: string): Promise<void> {
  const sorted = [...scores].sort((a, b) => b.dsc - a.dsc);
  const options = JSON.parse(flags.row[0]!) as SegmentOptions;
  for (const [rank, { target, dsc: score }] of [
    ["best", sorted[0]!],
    ["median", sorted[Math.floor(sorted.length / 2)]!],
    ["worst", sorted.at(-1)!],
  ] as const) {
    const { image } = await decodeImage(target.image, { mode: "paper" });
    const { mask, coarse, gray, boxes } = await segment(model, image, target.prompt, { ...options, name: basename(target.image) });
    const file = join(folder, `${group.replace(/\W+/g, "-")}-${rank}-${score.toFixed(2)}.png`);
    await writeRgb(file, overlay(image, { mask, coarse, saliency: gray, boxes }));
  }
}
