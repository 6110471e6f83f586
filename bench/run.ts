import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { median } from "../src/metrics/index.ts";
import { benchModel } from "./models.ts";
import { type Reference, type Row, rows } from "./rows.ts";
import type { Machine, Timing } from "./worker.ts";

const run = promisify(execFile);

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    runs: { type: "string" },
    threads: { type: "string" },
    json: { type: "string" },
    "ours-only": { type: "boolean", default: false },
    "skip-slow": { type: "boolean", default: false },
  },
});
const threads = flags.threads ?? String(availableParallelism());
const python = process.env.MEDCLIP_SAM_PYTHON ?? "python3";
const scripts = join(process.env.MEDCLIP_SAM_SHARED ?? "", "parity", "bench");

/** A line of the reference's scripts. */
interface ReferenceTiming {
  readonly median_s: number;
  readonly min_s: number;
  readonly peak_rss_mb: number;
}

/** One row as measured; times in seconds, memory in MB. */
interface Measured {
  readonly name: string;
  readonly title: string;
  readonly ours: {
    median: number;
    min: number;
    max: number;
    runs: number;
    first: number;
    peakRssMb: number;
    stages?: Record<string, number>;
  };
  readonly references: { name: string; median: number; min: number; peakRssMb: number; ratio: number }[];
  readonly flops: number;
  readonly bytes: number;
}

const chosen = rows.filter(({ name }) => !flags.only || flags.only.includes(name));
if (chosen.length === 0) throw new Error(`--only: known names are ${rows.map(({ name }) => name).join(", ")}`);
const torch = flags["ours-only"] ? undefined : await torchVersion();
for (const preset of ["biomedclip", "sam-vit-b"]) await benchModel(preset);
const before = await child<Machine>("machine");
const measured: Measured[] = [];
for (const row of chosen) {
  process.stderr.write(`${row.name} ...\n`);
  measured.push(await measure(row));
}
const after = await child<Machine>("machine");
const gemm = Math.max(before.gemm, after.gemm);
const reading = Math.max(before.reading, after.reading);
const results = measured.map(withFloor);
const about = {
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  threads: Number(threads),
  memoryGib: Math.round(totalmem() / 2 ** 30),
  node: process.versions.node,
  onnxruntime: before.onnxruntime,
  torch: torch ?? null,
  /** Before and after the rows; if they differ much, the machine had other work. */
  gemmGflops: [before, after].map((machine) => Math.round(machine.gemm / 1e9)),
  readingGbPerSecond: [before, after].map((machine) => Number((machine.reading / 1e9).toFixed(1))),
};
process.stdout.write(`${[...header(), "", ...table(), "", ...floors()].join("\n")}\n`);
if (flags.json) await writeFile(flags.json, `${JSON.stringify({ ...about, rows: results }, null, 2)}\n`);

/** Ours, a reference, ours, the next reference, ours: other work on the machine affects both. */
async function measure(row: Row): Promise<Measured> {
  const count = flags.runs ?? String(row.runs);
  const parts = [await child<Timing>(row.name, count)];
  const references: Measured["references"] = [];
  for (const reference of torch ? row.references : []) {
    if (reference.isSlow && flags["skip-slow"]) continue;
    const found = await timeReference(reference, count);
    if (!found) continue;
    references.push({ name: reference.name, median: found.median_s, min: found.min_s, peakRssMb: found.peak_rss_mb, ratio: 0 });
    parts.push(await child<Timing>(row.name, count));
  }
  const times = parts.flatMap((part) => part.times);
  const [{ flops, bytes }] = parts as [Timing];
  const stages = parts.flatMap((part) => part.stages);
  const middle = median(times);
  return {
    name: row.name,
    title: row.title,
    ours: {
      median: rounded(middle),
      min: rounded(Math.min(...times)),
      max: rounded(Math.max(...times)),
      runs: times.length,
      first: rounded(median(parts.map(({ first }) => first))),
      peakRssMb: Math.max(...parts.map(({ peakRssMb }) => peakRssMb)),
      ...(stages.length > 0 && {
        stages: Object.fromEntries(Object.keys(stages[0]!).map((stage) => [stage, rounded(median(stages.map((ms) => ms[stage]! / 1000)))])),
      }),
    },
    flops,
    bytes,
    references: references.map((reference) => ({ ...reference, ratio: Number((reference.median / middle).toFixed(2)) })),
  };
}

/** A row with its floor: the least time that the machine could need. */
function withFloor({ flops, bytes, ...row }: Measured) {
  const seconds = rounded(Math.max(flops / gemm, bytes / reading));
  return { ...row, floor: { gflop: Number((flops / 1e9).toFixed(1)), megabytes: Math.round(bytes / 1e6), seconds } };
}

/** Runs `worker.ts` as a separate process. */
async function child<T>(name: string, count = "1"): Promise<T> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, "worker.mjs"), name, count, threads]);
  return JSON.parse(stdout) as T;
}

async function timeReference({ script, args, isSlow, isPlain }: Reference, count: string): Promise<ReferenceTiming | undefined> {
  const settings = isPlain ? [] : ["--threads", threads, "--warmup", isSlow ? "0" : "1"];
  try {
    const { stdout } = await run(python, [join(scripts, script), ...args, "--runs", isSlow ? "1" : count, ...settings]);
    return JSON.parse(stdout.trim().split("\n").at(-1)!) as ReferenceTiming;
  } catch (error) {
    const reason = (error as { stderr?: string }).stderr?.trim().split("\n").at(-1) ?? String(error);
    process.stderr.write(`  the reference "${[script, ...args].join(" ")}" could not be run: ${reason}\n`);
    return undefined;
  }
}

/** Version of PyTorch; undefined, with a note, where it or the scripts are missing. */
async function torchVersion(): Promise<string | undefined> {
  if (!existsSync(join(scripts, "clip.py"))) {
    process.stderr.write("MEDCLIP_SAM_SHARED does not name a folder with the reference scripts: only ours is timed\n");
    return undefined;
  }
  try {
    return (await run(python, ["-c", "import torch; print(torch.__version__)"])).stdout.trim();
  } catch {
    process.stderr.write(`"${python}" cannot import torch (MEDCLIP_SAM_PYTHON names another Python): only ours is timed\n`);
    return undefined;
  }
}

function header(): string[] {
  const { cpu, cores, memoryGib, node, onnxruntime, gemmGflops, readingGbPerSecond } = about;
  return [
    `${cpu}, ${cores} cores, ${memoryGib} GiB; ${threads} threads; node ${node}, onnxruntime ${onnxruntime}${torch ? `, torch ${torch}` : ""}`,
    `before and after: ${gemmGflops.join(" and ")} GFLOP/s (product of 1024 x 1024), ${readingGbPerSecond.join(" and ")} GB/s (product of one row with 256 MiB)`,
  ];
}

function table(): string[] {
  return [
    "| | ours, median (min) | reference, median (min) | reference / ours | peak memory, ours | reference |",
    "| --- | --- | --- | --- | --- | --- |",
    ...results.flatMap(({ title, ours, references }) => {
      const own = `${short(ours.median)} (${short(ours.min)})`;
      const lines = references.map(
        ({ name, median: middle, min, ratio, peakRssMb }) =>
          `| ${references.length > 1 ? `${title}, against \`${name}\`` : title} | ${own} | ${short(middle)} (${short(min)}) | ${ratio} | ${ours.peakRssMb} MB | ${peakRssMb} MB |`,
      );
      return lines.length > 0 ? lines : [`| ${title} | ${own} | - | - | ${ours.peakRssMb} MB | - |`];
    }),
  ];
}

function floors(): string[] {
  return [
    "| | GFLOP | MB read | floor | measured | first, from opening the model | stages |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...results.map(({ title, ours, floor }) => {
      const stages = Object.entries(ours.stages ?? {}).map(([stage, seconds]) => `${stage} ${short(seconds)}`);
      return `| ${title} | ${floor.gflop || "-"} | ${floor.megabytes} | ${short(floor.seconds)} | ${short(ours.median)} | ${short(ours.first)} | ${stages.join(", ") || "-"} |`;
    }),
  ];
}

function short(seconds: number): string {
  return seconds < 1 ? `${(seconds * 1000).toFixed(seconds < 0.1 ? 1 : 0)} ms` : `${seconds.toFixed(2)} s`;
}

function rounded(seconds: number): number {
  return Number(seconds.toPrecision(4));
}
