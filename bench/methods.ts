/**
 * Compares saliency methods, prompts, visual prompts, the steps of the pipeline and baselines, on phantoms and on real images.
 *
 *     npm run bench:methods -- --data DIR --out DIR --table saliency [--limit 12] [--set NAME]...
 *
 * `--data` is the folder that `pack:starter` takes. `--limit` takes so many real images of each set, evenly spread; `--set` takes the sets whose names
 * begin so. Written are `rows.json` with every measurement, from which a later run goes on, and `tables.md`.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { decodeImage, dsc, loadPack, readMask, type ZeroShotModel } from "../src/index.ts";
import { keysOf } from "../src/keys-of.ts";
import { bootstrapMean, mean, quantile } from "../src/metrics/index.ts";
import { type ItemSet, itemSets } from "./methods/items.ts";
import { type Row, tables } from "./methods/rows.ts";

/** One image with one row. */
interface Measured {
  readonly set: string;
  readonly row: string;
  readonly image: string;
  /** By the names of the table's rows. */
  readonly dsc?: Readonly<Record<string, number>>;
  readonly seconds?: number;
  /** Load of the machine in the last minute. */
  readonly load?: number;
  /** Why the row cannot run with the pack. */
  readonly reason?: string;
}

const { values: flags } = parseArgs({
  options: {
    data: { type: "string" },
    out: { type: "string" },
    table: { type: "string" },
    limit: { type: "string", default: "12" },
    set: { type: "string", multiple: true, default: [""] },
  },
});
const table = keysOf(tables).find((name) => name === flags.table);
if (!flags.data || !flags.out || !table) throw new Error(`--data DIR, --out DIR and --table ${keysOf(tables).join("|")} are needed`);
const out = join(resolve(flags.out), table);
await mkdir(out, { recursive: true });
const file = join(out, "rows.json");
const measured = existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as Measured[]) : [];

const sets = (await itemSets(resolve(flags.data), out, Number(flags.limit)))
  .filter(({ name }) => flags.set.some((begin) => name.startsWith(begin)))
  .filter(({ task }) => table !== "prompts" || task !== undefined);
for (const set of sets) {
  const model = await loadPack(set.pack);
  for (const row of tables[table]) {
    const begun = performance.now();
    await measureRow(model, set, row);
    process.stderr.write(`${set.name}, ${row.name}: ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
    await writeFile(file, `${JSON.stringify(measured)}\n`);
    await writeFile(join(out, "tables.md"), text());
  }
  await model.dispose();
}
process.stdout.write(text());

/** A table of rows and sets, and what could not be run. */
function text(): string {
  const images = new Map(sets.map(({ name, items }) => [name, new Set(items.map(({ image }) => basename(image)))]));
  const rows = measured.filter(({ set, row, image }) => images.get(set)?.has(image) && tables[table!].some(({ name }) => name === row));
  const titles = [...new Set(rows.flatMap(({ dsc = {} }) => Object.keys(dsc)))];
  const head = ["", ...sets.map(({ name }) => name.replace(/^breast ultrasound, | \(.*$|, .*$/g, ""))];
  const cells = titles.map((title) => [
    title,
    ...sets.map(({ name }) =>
      cellOf(
        rows.filter(({ set, dsc }) => set === name && dsc?.[title] !== undefined),
        title,
      ),
    ),
  ]);
  const loads = rows.flatMap(({ load }) => (load === undefined ? [] : [load]));
  const failed = rows.flatMap(({ set, row, reason }) => (reason === undefined ? [] : [`- ${set}, ${row}: ${reason}`]));
  return [
    ...[head, head.map(() => "---"), ...cells].map((line) => `| ${line.join(" | ")} |`),
    "",
    `Mean DSC, 95 % bootstrap interval, n, median seconds of an image. Load ${Math.min(...loads).toFixed(0)} to ${Math.max(...loads).toFixed(0)}.`,
    ...(failed.length > 0 ? ["", "Not run:", "", ...failed] : []),
    "",
  ].join("\n");
}

/** Mean, interval, number of images, and the median time, which leaves out that the first image also compiles graphs. */
function cellOf(rows: readonly Measured[], title: string): string {
  if (rows.length === 0) return "-";
  const scores = rows.map(({ dsc }) => dsc![title]!);
  const [low, high] = bootstrapMean(scores, { name: "dsc", seed: 42, resamples: 1000 });
  const seconds = quantile(
    rows.map((one) => one.seconds!),
    0.5,
  );
  return `${mean(scores).toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}), n ${rows.length}, ${seconds.toFixed(1)} s`;
}

async function measureRow(model: ZeroShotModel, set: ItemSet, row: Row): Promise<void> {
  const classes = join(out, "classes.json");
  for (const item of set.items) {
    const name = basename(item.image);
    const of = { set: set.name, row: row.name, image: name };
    if (measured.some((one) => one.set === of.set && one.row === of.row && (one.image === name || one.reason !== undefined))) continue;
    await writeFile(classes, JSON.stringify({ [name]: item.ownClass ?? "" }));
    const { image } = await decodeImage(item.image, { mode: "paper" });
    const { mask: truth } = await readMask(item.mask);
    const begun = performance.now();
    try {
      const masks = await row.masks({ model, image, item, set, classes });
      const seconds = (performance.now() - begun) / 1000;
      const scores = Object.fromEntries(Object.entries(masks).map(([title, mask]) => [title, dsc(mask, truth)]));
      measured.push({ ...of, dsc: scores, seconds, load: loadavg()[0]! });
    } catch (error) {
      measured.push({ ...of, reason: error instanceof Error ? error.message : String(error) });
      return;
    }
  }
}
