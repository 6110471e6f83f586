import type { RunEvent } from "../../run/events.ts";
import { gemmSpeed } from "../../run/gemm-speed.ts";
import { secondsOf, shortSeconds } from "../../run/time-estimate.ts";
import type { SessionOptions } from "../../runtime/session.ts";

/** Summary of a training for a dry run. */
export interface ExpectedTraining {
  readonly command: string;
  /** Training and validation data: "12 training pairs, 4 validation pairs". */
  readonly data: string;
  /** Content of a batch: "4 pairs". */
  readonly batch: string;
  readonly parameters: number;
  readonly steps: number;
  readonly epochs: number;
  /** Operations of a step, of scoring the validation set, and of one-off work before training: "to encode the images once". */
  readonly flops: { readonly step: number; readonly scoring: number; readonly once?: { readonly what: string; readonly flops: number } };
}

/** Describes a training and estimates its time. */
export async function* dryTraining(expected: ExpectedTraining, options: SessionOptions): AsyncGenerator<RunEvent> {
  const { command, data, batch, parameters, steps, epochs, flops } = expected;
  const speed = await gemmSpeed(options);
  const [step, scoring, once] = [flops.step, flops.scoring, flops.once?.flops ?? 0].map((count) => secondsOf(count, speed)) as [
    number,
    number,
    number,
  ];
  const all = once + steps * step + (epochs + 1) * scoring; // the model before training is scored, too
  const lines = [
    `${data}; ${(parameters / 1e6).toFixed(1)} M trainable parameters`,
    `${steps} steps of ${batch} in ${epochs} epochs, ${(flops.step / 1e9).toFixed(0)} GFLOP each on a machine with ${(speed / 1e9).toFixed(0)} GFLOP/s:`,
    ...(flops.once ? [`about ${shortSeconds(once)} ${flops.once.what}, and`] : []),
    `about ${shortSeconds(step)} a step, ${shortSeconds(all)} in all (estimated). Nothing was written.`,
  ];
  yield { type: "start", command, total: steps, done: 0, unit: "step" };
  yield { type: "end", done: 0, skipped: 0, failed: 0, ms: 0, lines };
}
