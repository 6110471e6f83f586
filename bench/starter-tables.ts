/**
 * How well the starter pack does: on the validation split of its sources, on sources that it never saw, and on sentences about what is not there.
 *
 *     npm run bench:starter -- --data DIR --out DIR [--pack starter | --clip DIR --sam DIR] [--options JSON] [--set TEXT]... [--limit 60]
 *
 * `--data` is the folder that `pack:starter` takes. Written are `rows.json` with every measurement and `tables.md`. `--set` takes the sets whose
 * names begin so; `--limit` takes so many images of each, evenly spread.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Measured, measure } from "../scripts/starter/measure.ts";
import type { MeasuredSet } from "../scripts/starter/questions.ts";
import { loadModel, loadPack, type SegmentOptions } from "../src/index.ts";
import { bootstrapMean, mean, quantile } from "../src/metrics/index.ts";
import { measuredSets } from "./starter/sets.ts";

const { values: flags } = parseArgs({
  options: {
    data: { type: "string" },
    out: { type: "string" },
    pack: { type: "string", default: "starter" },
    clip: { type: "string" },
    sam: { type: "string" },
    options: { type: "string", default: "{}" },
    set: { type: "string", multiple: true, default: [""] },
    limit: { type: "string", default: "1000000" },
  },
});
if (!flags.data || !flags.out) throw new Error("--data DIR and --out DIR are needed");
const out = resolve(flags.out);
const options = JSON.parse(flags.options) as SegmentOptions;
const model = flags.clip && flags.sam ? await loadModel({ clip: flags.clip, sam: flags.sam }) : await loadPack(flags.pack);
const sets = (await measuredSets(resolve(flags.data)))
  .filter(({ name }) => flags.set.some((begin) => name.startsWith(begin)))
  .map((set) => ({ ...set, images: spread(set.images, Number(flags.limit)) }));

await mkdir(out, { recursive: true });
const results: { set: MeasuredSet; rows: Measured[] }[] = [];
for (const set of sets) {
  const begun = performance.now();
  const rows = await measure(model, set, options);
  results.push({ set, rows });
  process.stderr.write(`${set.name}: ${set.images.length} images, ${((performance.now() - begun) / 1000).toFixed(0)} s\n`);
}
await model.dispose();
await writeFile(join(out, "rows.json"), `${JSON.stringify(results.map(({ set, rows }) => ({ set: set.name, role: set.role, rows })))}\n`);
const text = [
  ...["## Masks", "", maskTable(), "", "## Other wordings", "", wordingTable(), ""],
  ...["## What is not there", "", absentTable(), "", presenceLine(), ""],
].join("\n");
await writeFile(join(out, "tables.md"), text);
process.stdout.write(text);

/** So many of a list, evenly spread over it. */
function spread<T>(all: readonly T[], count: number): T[] {
  const taken = Math.min(count, all.length);
  return Array.from({ length: taken }, (_, i) => all[Math.floor((i * all.length) / taken)]!);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function withInterval(values: readonly number[], name: string): string {
  const [low, high] = bootstrapMean(values, { name, seed: 42, resamples: 1000 });
  return `${mean(values).toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

function shareOf(rows: readonly Measured[], holds: (row: Measured) => boolean): string {
  return rows.length === 0 ? "-" : `${((100 * rows.filter(holds).length) / rows.length).toFixed(0)} %`;
}

/** The first sentence of each question. */
function maskTable(): string {
  const lines = results.flatMap(({ set, rows }) =>
    set.questions.flatMap(({ name, sentences: [first] }) => {
      const own = rows.filter((row) => row.kind === "present" && row.question === name && row.sentence === first);
      if (own.length === 0) return [];
      const of = (key: "dsc" | "nsd" | "surfaceNsd" | "coarseDsc") => own.map((row) => row[key]!);
      const dscs = of("dsc");
      return [
        [
          ...[
            set.role === "own" ? "val" : "apart",
            `${set.name}: "${first}"`,
            String(own.length),
            withInterval(dscs, "dsc"),
            quantile(dscs, 0.5).toFixed(3),
          ],
          ...[withInterval(of("nsd"), "nsd"), withInterval(of("surfaceNsd"), "surface"), mean(of("coarseDsc")).toFixed(3)],
          shareOf(own, ({ isEmpty }) => isEmpty),
        ],
      ];
    }),
  );
  return table(["", "set and sentence", "n", "DSC", "median", "NSD", "surface NSD", "coarse DSC", "empty"], lines);
}

function wordingTable(): string {
  const lines = results.flatMap(({ set, rows }) =>
    set.questions.flatMap(({ name, sentences: [, ...others] }) =>
      others.flatMap((sentence) => {
        const own = rows.filter((row) => row.kind === "present" && row.question === name && row.sentence === sentence);
        if (own.length === 0) return [];
        return [
          [
            set.name,
            `"${sentence}"`,
            String(own.length),
            mean(own.map((row) => row.dsc!)).toFixed(3),
            mean(own.map((row) => row.agreement!)).toFixed(3),
          ],
        ];
      }),
    ),
  );
  return table(["set", "sentence", "n", "DSC", "DSC with the mask of the first sentence"], lines);
}

function absentTable(): string {
  const lines = results.flatMap(({ set, rows }) => {
    const cropped = rows.filter(({ kind }) => kind === "cropped");
    const shown = rows.filter(({ kind, question }) => kind === "present" && question === set.questions[0]?.name);
    // The presence at which nine of ten targets that are there keep their mask.
    const sensitive = quantile(
      shown.map(({ peak }) => peak),
      0.1,
    );
    const line = (what: string, own: readonly Measured[]) => [
      ...[set.name, what, String(own.length), shareOf(own, ({ isEmpty }) => isEmpty)],
      shown.length === 0 ? "-" : shareOf(own, ({ peak }) => peak < sensitive),
    ];
    return [
      ...set.absent.map((sentence) =>
        line(
          `"${sentence}"`,
          rows.filter((row) => row.kind === "absent" && row.sentence === sentence),
        ),
      ),
      ...(cropped.length > 0 ? [line("the target, cropped out", cropped)] : []),
    ];
  });
  return table(["set", "sentence", "n", "empty", "at 90 % sensitivity"], lines);
}

/** Over the sets of the validation split, each of equal weight. */
function presenceLine(): string {
  const val = results.filter(({ set }) => set.role === "own");
  const share = (kind: Measured["kind"], isEmpty: boolean) => {
    const shares = val.flatMap(({ rows }) => {
      const own = rows.filter((row) => row.kind === kind);
      return own.length === 0 ? [] : [own.filter((row) => row.isEmpty === isEmpty).length / own.length];
    });
    return shares.length === 0 ? "-" : `${(100 * mean(shares)).toFixed(1)} %`;
  };
  return `Validation split, mean of the sets: a mask where the target is there, ${share("present", false)}; none where it is not, ${share("absent", true)} (sentences), ${share("cropped", true)} (cropped out).`;
}
