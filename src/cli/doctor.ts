import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { dirname } from "node:path";
import { requireWritable } from "../files/atomic-write.ts";
import { compile, gradients, input, mul, reduceSum, sigmoid } from "../graph/index.ts";
import { hashCacheFile } from "../hub/hash.ts";
import { locateClip, locateSam } from "../hub/locate.ts";
import { defaultPack, locatePack } from "../hub/pack.ts";
import { startJob } from "../jobs/index.ts";
import { gemmSpeed } from "../run/gemm-speed.ts";
import { secondsOf, shortSeconds } from "../run/time-estimate.ts";
import { availableDevices, runtimeVersion } from "../runtime/node.ts";
import type { Device } from "../runtime/session.ts";
import { tensor } from "../tensor/tensor.ts";
import { thenDispose } from "../then-dispose.ts";
import { version } from "../version.ts";

/** One check: returns a description of what works, or throws. */
interface Check {
  readonly title: string;
  readonly run: () => Promise<string> | string;
  /** What to do if it fails. */
  readonly remedy: string;
}

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** With less memory the base models do not run without swapping. */
const leastMemory = 4 * 2 ** 30;

/**
 * Operations of the matrix products for one image in GFLOP, from the graphs of the published models, which are not available here. For
 * BiomedCLIP: M2IB at its default settings. For SAM: the image encoder; the cost of prompts is small in comparison.
 */
export const gflopOf = {
  "BiomedCLIP with M2IB": 1712,
  "SAM ViT-B": 977,
  "SAM ViT-L": 3003,
  "SAM ViT-H": 5985,
} as const;

/** Speed of a matrix product of 1024 x 1024 on this machine, and the estimated time for an image. */
async function checkSpeed(): Promise<string> {
  const speed = await gemmSpeed();
  const seconds = Object.entries(gflopOf).map(([model, gflop]) => `${model} ${shortSeconds(secondsOf(gflop * 1e9, speed))}`);
  return `${(speed / 1e9).toFixed(0)} GFLOP/s in a matrix product of 1024 x 1024; estimated time for one image: ${seconds.join(", ")}`;
}

/** Which of the devices supported by this build of the runtime work; drivers and libraries may be missing. */
async function checkDevices(): Promise<string> {
  const others = (await availableDevices()).filter((device) => device !== "cpu");
  const problems = await Promise.all(others.map(async (device) => ({ device, problem: await problemOf(device) })));
  const working = problems.flatMap(({ device, problem }) => (problem === undefined ? [device] : []));
  const broken = problems.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  return [["cpu", ...working].join(", "), ...broken].join("; ");
}

/** Why a device cannot be used; undefined if it can. */
async function problemOf(device: Device): Promise<string | undefined> {
  const job = startJob("try device", { device });
  let lines: readonly string[] | undefined;
  for await (const event of job.events) if (event.type === "end") lines = event.lines;
  const outcome = await job.done;
  if (outcome.type === "finished") return lines?.[0]?.replace(", so everything is computed on the CPU", "");
  const reason = outcome.type === "error" ? outcome.error.message : "the process that tried it ended unexpectedly";
  return `${device} cannot be used: ${reason}`;
}

const checks: readonly Check[] = [
  { title: "medclip-sam", run: () => version, remedy: "" },
  { title: "node", run: () => `${process.versions.node} (${process.platform} ${process.arch})`, remedy: "" },
  { title: "processor", run: () => `${cpus()[0]?.model.trim() ?? "unknown"}, ${availableParallelism()} cores`, remedy: "" },
  {
    title: "memory",
    run: () => {
      const text = `${gigabytes(totalmem())}, of which ${gigabytes(freemem())} are free`;
      if (totalmem() < leastMemory) throw new Error(`${text}; the base models need about ${gigabytes(leastMemory)}`);
      return text;
    },
    remedy: "Use small models, or a machine with more memory.",
  },
  { title: "onnxruntime", run: runtimeVersion, remedy: "Reinstall the package; onnxruntime-node has no binaries for every platform." },
  { title: "devices", run: checkDevices, remedy: "Reinstall the package." },
  { title: "graphs", run: checkGradient, remedy: "Reinstall the package, and please report this." },
  { title: "speed", run: checkSpeed, remedy: "" },
  { title: "images", run: checkImages, remedy: "Reinstall the package; sharp has separate binaries for each platform." },
  {
    title: "pack",
    run: async () => {
      const { name, label, clip, sam } = await locatePack(defaultPack);
      await Promise.all([locateClip(clip), locateSam(sam)]);
      return `${name} (${label}) comes with this package`;
    },
    remedy: "Reinstall the package; without the pack, commands need --clip and --sam.",
  },
  {
    title: "cache",
    run: async () => {
      const file = hashCacheFile();
      await requireWritable(file);
      return dirname(file);
    },
    remedy: "Set XDG_CACHE_HOME to a folder that can be written to. Without it the hashes of weights files are recomputed in each run.",
  },
];

/** `medclip-sam doctor`: checks what works on this machine. */
export async function examine(): Promise<{ lines: string[]; isHealthy: boolean }> {
  const lines: string[] = [];
  let isHealthy = true;
  for (const { title, run, remedy } of checks) {
    try {
      lines.push(`OK       ${title.padEnd(12)} ${await run()}`);
    } catch (error) {
      isHealthy = false;
      lines.push(`PROBLEM  ${title.padEnd(12)} ${error instanceof Error ? error.message : String(error)}${remedy ? ` ${remedy}` : ""}`);
    }
  }
  return { lines, isHealthy };
}

/** y = Σ x σ(x), whose gradient is σ(x) (1 + x (1 - σ(x))): small, but fails with most faults that an engine can have. */
async function checkGradient(): Promise<string> {
  const points = [-2, -0.5, 0, 1, 3];
  const x = input("x", "float32", [points.length]);
  const y = reduceSum(mul(x, sigmoid(x)), [0]);
  const [dx] = gradients(y, [x]);
  const session = await compile({ dx: dx! });
  return await thenDispose(async () => {
    const { dx: found } = await session.run({ x: tensor("float32", [points.length], Float32Array.from(points)) });
    const expected = points.map((value) => {
      const s = 1 / (1 + Math.exp(-value));
      return s * (1 + value * (1 - s));
    });
    const worst = Math.max(...expected.map((value, i) => Math.abs(value - Number(found!.data[i]))));
    if (!(worst < 1e-5)) throw new Error(`a gradient is wrong by ${worst}`);
    return `a graph compiles and runs; its gradient is accurate to ${worst.toExponential(0)}`;
  }, session);
}

/** An image is unchanged after writing and reading it. */
async function checkImages(): Promise<string> {
  const { default: sharp } = await import("sharp");
  const pixels = Uint8Array.from({ length: 48 }, (_, i) => 5 * i);
  const raw = { width: 4, height: 4, channels: 3 } as const;
  const png = await sharp(pixels, { raw }).png().toBuffer();
  const back = await sharp(png).raw().toBuffer();
  if (!back.equals(pixels)) throw new Error("an image changed when it was written and read back");
  const jpeg = await sharp(await sharp(pixels, { raw }).jpeg().toBuffer()).metadata();
  if (jpeg.width !== 4) throw new Error("a JPEG file could not be read");
  return `sharp ${sharp.versions.sharp ?? ""} (libvips ${sharp.versions.vips}) reads and writes PNG and JPEG`;
}
