/**
 * A training step and the prediction of an image by the networks of nnU-Net's planners, beside nnU-Net itself.
 *
 *     npm run bench:nnunet -- [--only train-step|predict] [--planner plain|resenc-m] [--batch 12] [--runs 5] [--threads 2] [--json FILE] [--ours-only] [--clock wall|processor]
 *
 * On a busy machine `--clock processor --threads 1` compares what both compute, without the time in which they wait for a core.
 *
 * Ours and the reference take turns, each in a process of its own, so that other work on the machine affects both. The reference is
 * `parity/bench/nnunet.py` of the folder that MEDCLIP_SAM_SHARED names; MEDCLIP_SAM_PYTHON is a Python with `nnunetv2`.
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { constant, flopsOf, input } from "../src/graph/index.ts";
import { probabilitiesOf } from "../src/image/index.ts";
import { median } from "../src/metrics/index.ts";
import { type UNetConfig, unet, unetShapes } from "../src/models/unet/index.ts";
import { patchNetwork } from "../src/nnunet/model/index.ts";
import { slidingWindow } from "../src/nnunet/predict/index.ts";
import { gemmSpeed } from "../src/run/gemm-speed.ts";
import type { SessionOptions } from "../src/runtime/session.ts";
import { normal, uniform } from "../src/tensor/random.ts";
import { recipeTensor } from "../src/tensor/recipe.ts";
import { type Shape, tensor } from "../src/tensor/tensor.ts";
import { SupervisedSettings, SupervisedTrainer } from "../src/train/index.ts";
import { MadeWeights } from "../test/support/made-weights.ts";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    planner: { type: "string", default: "plain" },
    batch: { type: "string", default: "12" },
    runs: { type: "string", default: "5" },
    threads: { type: "string", default: String(availableParallelism()) },
    json: { type: "string" },
    "ours-only": { type: "boolean", default: false },
    clock: { type: "string", default: "wall" },
    worker: { type: "string" },
  },
});

/** What a process prints; times in seconds. */
interface Timing {
  readonly times: readonly number[];
  /** Processor time of each run, of all threads: less than the wall time times the threads where other work takes the cores. */
  readonly cpu: readonly number[];
  readonly flops: number;
  readonly peakRssMb: number;
}

interface Workload {
  readonly flops: number;
  run(): Promise<unknown>;
}

const side = 256;

/** The network that nnU-Net plans for images of 256 x 256 with one channel and two classes. */
function plannedNetwork(planner: string): UNetConfig {
  const isPlain = planner === "plain";
  const stages = Array.from({ length: 7 }, (_, s) => ({
    features: Math.min(512, 32 * 2 ** s),
    kernel: [3, 3] as const,
    stride: s === 0 ? ([1, 1] as const) : ([2, 2] as const),
    blocks: isPlain ? 2 : [1, 3, 4, 6, 6, 6, 6][s]!,
  }));
  const decoderConvs = new Array<number>(6).fill(isPlain ? 2 : 1);
  return {
    kind: isPlain ? "plain" : "residual-encoder",
    inputChannels: 1,
    outputs: 2,
    stages,
    decoderConvs,
    convBias: true,
    normEps: 1e-5,
    slope: 0.01,
  };
}

/** Random weights in memory. */
const randomWeights = (shapes: ReadonlyMap<string, Shape>) =>
  new MadeWeights(shapes, (name, shape) => constant(tensor("float32", shape, recipeTensor("unet", name, shape, 1))));

/** Forward, loss, backward, clipping and update, on a batch in memory. */
function trainStep(network: UNetConfig, batch: number, options: SessionOptions): Workload {
  const plan = { network, patch: [side, side] as const, batch, batchDice: true, isWeighted: false };
  const start = { seed: 1, write: async () => "" };
  const trainer = new SupervisedTrainer(plan, SupervisedSettings.parse({}), { stepsPerEpoch: 250, epochs: 1000 }, start, options);
  const random = uniform("targets", 1);
  const targets = trainer.targetStrides.map(([rows, columns]) => {
    const [height, width] = [side / rows, side / columns];
    return tensor(
      "int16",
      [batch, 1, height, width],
      Int16Array.from({ length: batch * height * width }, (_, i) => (random.at(i) > 0.5 ? 1 : 0)),
    );
  });
  const images = tensor("float32", [batch, 1, side, side], normal("images", 1, batch * side * side));
  const weights = tensor("float32", [batch], new Float32Array(batch).fill(1));
  return { flops: trainer.flops().step, run: () => trainer.step({ images, targets, weights, names: [] }) };
}

/** One image in memory, with its mirrored copies: windows, mean and softmax. */
function predict(network: UNetConfig, options: SessionOptions): Workload {
  const weights = randomWeights(unetShapes(network));
  const { predict } = patchNetwork(weights, network, options);
  const image = { channels: 1, height: side, width: side, data: normal("image", 1, side * side) };
  const window = { patch: { width: side, height: side }, outputs: 2, areExclusive: true };
  const [head] = unet(input("image", "float32", [4, 1, side, side]), weights, network, { deepSupervision: false }).heads;
  return { flops: flopsOf([head!]), run: async () => probabilitiesOf(await slidingWindow(image, predict, window)) };
}

const workloads = {
  "train-step": (options: SessionOptions) => trainStep(plannedNetwork(flags.planner), Number(flags.batch), options),
  predict: (options: SessionOptions) => predict(plannedNetwork(flags.planner), options),
} as const;

async function timed(name: keyof typeof workloads): Promise<Timing> {
  const { run, flops } = workloads[name]({ threads: Number(flags.threads) });
  await run();
  const [times, cpu]: [number[], number[]] = [[], []];
  for (let i = 0; i < Number(flags.runs); i++) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    await run();
    const { user, system } = process.cpuUsage(used);
    times.push((performance.now() - start) / 1000);
    cpu.push((user + system) / 1e6);
  }
  return { times, cpu, flops, peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024) };
}

const start = promisify(execFile);

async function ours(name: string): Promise<Timing> {
  const passed = ["planner", "batch", "runs", "threads"] as const;
  const args = passed.flatMap((flag) => [`--${flag}`, flags[flag]]);
  const { stdout } = await start(process.execPath, [join(import.meta.dirname, "nnunet.mjs"), "--worker", name, ...args]);
  return JSON.parse(stdout) as Timing;
}

interface ReferenceTiming {
  readonly median_s: number;
  readonly min_s: number;
  readonly peak_rss_mb: number;
  readonly torch: string;
  readonly nnunetv2: string;
}

async function reference(name: string): Promise<ReferenceTiming | undefined> {
  const script = join(process.env.MEDCLIP_SAM_SHARED ?? "", "parity", "bench", "nnunet.py");
  // Python's clock is replaced before the script reads it.
  const clock =
    "import sys, time, runpy; time.perf_counter = time.process_time; sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')";
  const program = isProcessorTime ? ["-c", clock, script] : [script];
  const args = [...program, name, "--planner", flags.planner, "--runs", flags.runs, "--threads", flags.threads, "--batch", flags.batch];
  try {
    const { stdout } = await start(process.env.MEDCLIP_SAM_PYTHON ?? "python3", args);
    return JSON.parse(stdout.trim().split("\n").at(-1)!) as ReferenceTiming;
  } catch (error) {
    const reason = (error as { stderr?: string }).stderr?.trim().split("\n").at(-1) ?? String(error);
    process.stderr.write(`the reference "${name}" could not be run, so only ours is timed: ${reason}\n`);
    return undefined;
  }
}

const isProcessorTime = flags.clock === "processor";

const rounded = (value: number): number => Number(value.toPrecision(4));

async function measure(name: string) {
  const parts = [await ours(name)];
  const found = flags["ours-only"] ? undefined : await reference(name);
  if (found) parts.push(await ours(name));
  const [times, cpu] = [parts.flatMap((part) => part.times), parts.flatMap((part) => part.cpu)];
  const [{ flops }] = parts as [Timing];
  const counted = isProcessorTime ? cpu : times;
  const middle = median(counted);
  return {
    name,
    median: rounded(middle),
    min: rounded(Math.min(...counted)),
    cpu: rounded(median(cpu)),
    gflop: rounded(flops / 1e9),
    gflopPerSecond: rounded(flops / 1e9 / middle),
    peakRssMb: Math.max(...parts.map(({ peakRssMb }) => peakRssMb)),
    reference: found ?? null,
    ratio: found ? rounded(found.median_s / middle) : null,
    memoryRatio: found ? rounded(Math.max(...parts.map(({ peakRssMb }) => peakRssMb)) / found.peak_rss_mb) : null,
  };
}

if (flags.worker !== undefined) {
  process.stdout.write(`${JSON.stringify(await timed(flags.worker as keyof typeof workloads))}\n`);
} else {
  const gemm = rounded((await gemmSpeed({ threads: Number(flags.threads) })) / 1e9);
  const rows: Awaited<ReturnType<typeof measure>>[] = [];
  for (const name of Object.keys(workloads)) if (flags.only === undefined || flags.only === name) rows.push(await measure(name));
  const about = {
    cpu: cpus()[0]?.model.trim(),
    threads: Number(flags.threads),
    planner: flags.planner,
    batch: Number(flags.batch),
    clock: flags.clock,
    gemm,
  };
  process.stdout.write(`${JSON.stringify(about)}\n`);
  process.stdout.write(
    "| | median (min) | processor time | GFLOP | GFLOP/s | peak memory | nnU-Net, median (min) | its memory | nnU-Net / ours |\n",
  );
  process.stdout.write("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (const { name, median: middle, min, cpu, gflop, gflopPerSecond, peakRssMb, reference, ratio } of rows) {
    const theirs = reference ? [`${reference.median_s} s (${reference.min_s} s)`, `${reference.peak_rss_mb} MB`, ratio] : ["-", "-", "-"];
    const cells = [name, `${middle} s (${min} s)`, `${cpu} s`, gflop, gflopPerSecond, `${peakRssMb} MB`, ...theirs];
    process.stdout.write(`| ${cells.join(" | ")} |\n`);
  }
  if (flags.json) await writeFile(flags.json, `${JSON.stringify({ ...about, rows }, null, 2)}\n`);
}
