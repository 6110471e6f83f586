import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { median } from "../src/metrics/index.ts";
import { writeGray } from "../src/results/png.ts";
import type { RunEvent } from "../src/run/events.ts";
import { uniform } from "../src/tensor/random.ts";
import { nanoClip, nanoSam } from "../test/support/models.ts";
import { writeWords } from "../test/support/tiny-run.ts";

/**
 * One run over very many tiny images with models of two blocks, to show what grows with their number: memory, time per image,
 * bytes written for records. Then the same command again, which finds all of them done.
 *
 *   npm run bench:long -- --images 20000
 */

/** Measurements when an image was finished. */
interface Sample {
  /** Time since the previous image, including all work between two images. */
  readonly ms: number;
  /** Resident memory of the worker process. */
  readonly rssMb: number;
  /** Bytes written so far for `run.json` and its journal, counting every write. */
  readonly recordBytes: number;
}

const { values: flags } = parseArgs({
  options: { images: { type: "string", default: "1000" }, json: { type: "string" } },
});
const count = Number(flags.images);
if (!existsSync("/proc/self/status")) throw new Error("memory is read from /proc, which only Linux has");
if (!(count >= 100))
  throw new Error(`--images: expected at least 100, as the first tenth is compared with the last, got "${flags.images}"`);

const folder = await mkdtemp(join(tmpdir(), "medclip-sam-long-run-"));
try {
  const images = join(folder, "images");
  await mkdir(images);
  for (let i = 0; i < count; i++) await drawImage(join(images, `${String(i).padStart(6, "0")}.png`), i);
  const samples = await segmentAll(images, join(folder, "out"));
  const { size } = await stat(join(folder, "out", "run.json"));
  const begun = performance.now();
  const again = await segmentAll(images, join(folder, "out"));
  if (again.length > 0) throw new Error(`the second run did ${again.length} images again`);
  const resumeSeconds = (performance.now() - begun) / 1000;
  process.stdout.write(`${[...report(samples), ...recordReport(samples, size, resumeSeconds)].join("\n")}\n`);
  if (flags.json)
    await writeFile(flags.json, `${JSON.stringify({ node: process.versions.node, tenths: tenthsOf(samples), samples }, null, 1)}\n`);
} finally {
  await rm(folder, { recursive: true });
}

/** A disc on noise; each side is between 32 and 64 pixels. */
async function drawImage(file: string, seed: number): Promise<void> {
  const random = uniform("long-run", seed);
  const [width, height] = [random.at(0), random.at(1)].map((value) => 32 + Math.floor(33 * value)) as [number, number];
  const data = new Uint8Array(width * height).map((_, i) => {
    const isInside = Math.hypot((i % width) - width / 2, Math.floor(i / width) - height / 2) < height / 4;
    return (isInside ? 160 : 40) + 60 * random.at(i + 2);
  });
  await writeGray(file, { width, height, data });
}

/** Runs the built command over a folder, with random models of two blocks; one sample per finished image. */
async function segmentAll(images: string, out: string): Promise<Sample[]> {
  const [clip, sam] = [await nanoClip(writeWords()), await nanoSam()];
  // Two steps of M2IB instead of ten: all stages, in less time.
  const quick = ["--layer", "0", "--steps", "2", "--samples", "2"];
  const args = ["segment", images, "--prompt", "dark lesion", ...quick, "--clip", clip, "--sam", sam, "--out", out, "--events"];
  const command = spawn(process.execPath, [resolve("dist/cli/main.js"), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((done) => command.once("close", done));
  const samples: Sample[] = [];
  const recordBytes = recordCounter(out);
  let before = performance.now();
  for await (const line of createInterface({ input: command.stdout })) {
    const event = JSON.parse(line) as RunEvent;
    if (event.type === "failure") throw new Error(event.message);
    if (event.type !== "item") continue;
    const now = performance.now();
    samples.push({ ms: now - before, rssMb: await residentMb(command), recordBytes: await recordBytes() });
    before = performance.now(); // excludes the time of the measurement
  }
  const status = await ended;
  if (status !== 0) throw new Error(`the command ended with ${status} after ${samples.length} images`);
  return samples;
}

/** Adds up the bytes written for records, checked after each image: `run.json` is replaced, and the journal grows or restarts. */
function recordCounter(out: string): () => Promise<number> {
  let [written, inode, before] = [0, -1, 0];
  const statusOf = (name: string) => stat(join(out, name)).catch(() => undefined);
  return async () => {
    const [record, journal] = await Promise.all(["run.json", "run.journal.jsonl"].map(statusOf));
    if (record && record.ino !== inode) written += record.size;
    inode = record?.ino ?? inode;
    const size = journal?.size ?? before;
    written += size >= before ? size - before : size;
    before = size;
    return written;
  };
}

/** Resident memory of the only child of a command: its worker. */
async function residentMb({ pid }: ChildProcess): Promise<number> {
  const [worker] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${worker}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1024;
}

/** The run in tenths. The first is left out of the comparison, as it opens the sessions and first allocates memory. */
function report(samples: readonly Sample[]): string[] {
  const rows = tenthsOf(samples);
  const change = (of: (row: Tenth) => number) => `${(100 * (of(rows[9]!) / of(rows[1]!) - 1)).toFixed(1)} %`;
  return [
    "| images | memory, median | memory, max | an image, median | an image, fast |",
    "| --- | --- | --- | --- | --- |",
    ...rows.map(({ from, to, rssMb, maxRssMb, ms, fastMs }) => {
      const cells = [
        `${from} to ${to}`,
        ...[rssMb, maxRssMb].map((mb) => `${mb.toFixed(0)} MB`),
        ...[ms, fastMs].map((one) => `${one.toFixed(0)} ms`),
      ];
      return `| ${cells.join(" | ")} |`;
    }),
    "",
    `last tenth against the second: memory ${change(({ rssMb }) => rssMb)}, an image ${change(({ ms }) => ms)} (median), ${change(({ fastMs }) => fastMs)} (fast)`,
  ];
}

/** @param size - of the last `run.json`, which is written once more after the last image */
function recordReport(samples: readonly Sample[], size: number, resumeSeconds: number): string[] {
  const total = samples.at(-1)!.recordBytes + size;
  const half = samples[Math.floor(samples.length / 2)]!.recordBytes;
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    `written for records: ${mb(total)}, of them ${mb(half)} in the first half; ${(total / samples.length / 1000).toFixed(2)} kB an image. run.json has ${mb(size)}`,
    `the same command again, with nothing left to do: ${resumeSeconds.toFixed(1)} s`,
  ];
}

/** A tenth of the run; memory in MB, times in milliseconds. */
interface Tenth {
  readonly from: number;
  readonly to: number;
  readonly rssMb: number;
  readonly maxRssMb: number;
  readonly ms: number;
  /** The tenth percentile, which other work on the machine disturbs least. */
  readonly fastMs: number;
}

function tenthsOf(samples: readonly Sample[]): Tenth[] {
  return Array.from({ length: 10 }, (_, tenth) => {
    const [from, to] = [tenth, tenth + 1].map((edge) => Math.round((edge * samples.length) / 10)) as [number, number];
    const part = samples.slice(from, to);
    const [memory, times] = [part.map(({ rssMb }) => rssMb), part.map(({ ms }) => ms).sort((a, b) => a - b)];
    const fastMs = times[Math.floor(times.length / 10)]!;
    return { from: from + 1, to, rssMb: median(memory), maxRssMb: Math.max(...memory), ms: median(times), fastMs };
  });
}
