import type { RunEvent } from "../../run/events.ts";
import { gemmSpeed } from "../../run/gemm-speed.ts";
import { secondsOf, shortSeconds } from "../../run/time-estimate.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import type { SaliencyMethod } from "../../saliency/index.ts";
import type { ImageInput } from "../../scans/list-images.ts";
import type { SamPredictor } from "../../segment/index.ts";

/** Says what a run would do and how long it would take, from the operations of its graphs and this machine's speed. */
export async function* dryRun(
  command: string,
  inputs: readonly ImageInput[],
  models: { readonly saliency?: SaliencyMethod; readonly sam?: SamPredictor },
  options: SessionOptions,
): AsyncGenerator<RunEvent> {
  const { saliency, sam } = models;
  const flops = (saliency?.flops() ?? 0) + (sam?.flops() ?? 0);
  const speed = await gemmSpeed(options);
  const seconds = secondsOf(flops, speed);
  const lines = [
    ...inputs.slice(0, 10).map(({ file, name }) => `${file} -> ${name}`),
    ...(inputs.length > 10 ? [`and ${inputs.length - 10} more`] : []),
    `${inputs.length} ${inputs.length === 1 ? "image" : "images"}, ${(flops / 1e9).toFixed(0)} GFLOP each on a machine with ${(speed / 1e9).toFixed(0)} GFLOP/s:`,
    `about ${shortSeconds(seconds)} an image, ${shortSeconds(seconds * inputs.length)} in all (estimated). Nothing was written.`,
  ];
  yield { type: "start", command, total: inputs.length, done: 0 };
  yield { type: "end", done: 0, skipped: 0, failed: 0, ms: 0, lines };
}
