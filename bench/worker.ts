import type { StageTimes } from "../src/pipeline/zero-shot/steps/stage-times.ts";
import { gemmSpeed } from "../src/run/gemm-speed.ts";
import { runtimeVersion } from "../src/runtime/node.ts";
import { readingSpeed, workloads } from "./workloads.ts";

/** What a child process prints as JSON. Times are in seconds. */
export interface Timing {
  readonly times: readonly number[];
  /** From opening the model to the end of the first run. */
  readonly first: number;
  readonly stages: readonly StageTimes[];
  readonly flops: number;
  readonly bytes: number;
  readonly peakRssMb: number;
}

/** Peak speed of this machine, in operations and bytes per second. */
export interface Machine {
  readonly onnxruntime: string;
  readonly gemm: number;
  readonly reading: number;
}

// A child process of `run.ts` for one workload, so that its memory can be measured.
const [name = "", runs = "1", threads = ""] = process.argv.slice(2);
const options = threads ? { threads: Number(threads) } : {};
const answer = name === "machine" ? await machine() : await time(name, Number(runs));
process.stdout.write(`${JSON.stringify(answer)}\n`);

async function machine(): Promise<Machine> {
  return { onnxruntime: await runtimeVersion(), gemm: await gemmSpeed(options), reading: await readingSpeed(options) };
}

async function time(workload: string, count: number): Promise<Timing> {
  const begin = performance.now();
  const { run, flops, bytes } = await workloads[workload]!(options);
  await run(0);
  const first = (performance.now() - begin) / 1000;
  const times: number[] = [];
  const stages: StageTimes[] = [];
  for (let i = 1; i <= count; i++) {
    const start = performance.now();
    const ms = await run(i);
    times.push((performance.now() - start) / 1000);
    if (ms) stages.push(ms);
  }
  return { times, first, stages, flops, bytes, peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024) };
}
