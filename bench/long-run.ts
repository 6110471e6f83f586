import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { writeGray } from "../src/formats/gray.ts";
import { median } from "../src/metrics/index.ts";
import type { RunEvent } from "../src/run/events.ts";
import { uniform } from "../src/tensor/random.ts";
import { benchModel } from "./models.ts";

/** What was seen when an image was done. */
interface Sample {
  /** Since the image before, so that all that happens between two images counts. */
  readonly ms: number;
  /** Resident memory of the process that does the work. */
  readonly rssMb: number;
}

const { values: flags } = parseArgs({
  options: { images: { type: "string", default: "1000" }, json: { type: "string" } },
});
const count = Number(flags.images);
if (!existsSync("/proc/self/status")) throw new Error("memory is read from /proc, which Linux alone has");
if (!(count >= 100))
  throw new Error(`--images: expected at least 100, as the first tenth is compared with the last, got "${flags.images}"`);

const folder = await mkdtemp(join(tmpdir(), "medclip-sam-long-run-"));
try {
  const images = join(folder, "images");
  await mkdir(images);
  for (let i = 0; i < count; i++) await drawImage(join(images, `${String(i).padStart(6, "0")}.png`), i);
  const samples = await segmentAll(images, join(folder, "out"));
  process.stdout.write(`${report(samples).join("\n")}\n`);
  if (flags.json)
    await writeFile(flags.json, `${JSON.stringify({ node: process.versions.node, tenths: tenthsOf(samples), samples }, null, 1)}\n`);
} finally {
  await rm(folder, { recursive: true });
}

/** A disc on noise; each side is between 96 and 200 pixels. */
async function drawImage(file: string, seed: number): Promise<void> {
  const random = uniform("long-run", seed);
  const [width, height] = [random.at(0), random.at(1)].map((value) => 96 + Math.floor(105 * value)) as [number, number];
  const data = new Uint8Array(width * height).map((_, i) => {
    const isInside = Math.hypot((i % width) - width / 2, Math.floor(i / width) - height / 2) < height / 4;
    return (isInside ? 160 : 40) + 60 * random.at(i + 2);
  });
  await writeGray(file, { width, height, data });
}

/** Runs the built command over a folder, with tiny random models; one sample an image. */
async function segmentAll(images: string, out: string): Promise<Sample[]> {
  const [clip, sam] = [await benchModel("biomedclip-tiny"), await benchModel("sam-tiny")];
  // Two steps of M2IB in place of ten: all stages are there, in half of the time.
  const args = ["segment", images, "--prompt", "w5 w6 w7", "--steps", "2", "--clip", clip, "--sam", sam, "--out", out, "--events"];
  const command = spawn(process.execPath, [resolve("dist/cli/main.js"), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((done) => command.once("close", done));
  const samples: Sample[] = [];
  let before = performance.now();
  for await (const line of createInterface({ input: command.stdout })) {
    const event = JSON.parse(line) as RunEvent;
    if (event.type === "failure") throw new Error(event.message);
    if (event.type !== "item") continue;
    const now = performance.now();
    samples.push({ ms: now - before, rssMb: await residentMb(command) });
    before = now;
  }
  const status = await ended;
  if (status !== 0 || samples.length !== count) throw new Error(`the command ended with ${status} after ${samples.length} images`);
  return samples;
}

/** Resident memory of the only child of a command: its worker. */
async function residentMb({ pid }: ChildProcess): Promise<number> {
  const [worker] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${worker}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1024;
}

/** The run in tenths. The first is left out of the comparison, as sessions are made and memory is first touched in it. */
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

/** A tenth of the run; memory in MB, times in milliseconds. */
interface Tenth {
  readonly from: number;
  readonly to: number;
  readonly rssMb: number;
  readonly maxRssMb: number;
  readonly ms: number;
  /** One image in ten is faster: what other work on the machine disturbs least. */
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
