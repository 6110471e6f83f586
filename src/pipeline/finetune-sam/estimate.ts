import type { RunEvent } from "../../run/events.ts";
import { gemmSpeed } from "../../run/gemm-speed.ts";
import { secondsOf, shortSeconds } from "../../run/time-estimate.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import type { PromptableTrainer, PromptData } from "../../train/index.ts";

interface Length {
  readonly batch: number;
  readonly prompts: number;
  readonly total: number;
  readonly epochs: number;
}

/** Says what a training of SAM would do and how long it would take. A backward pass takes twice the operations of a forward pass. */
export async function* dryFinetuneSam(
  trainer: PromptableTrainer,
  { train, validation }: { readonly train: PromptData; readonly validation: PromptData },
  { batch, prompts, total, epochs }: Length,
  options: SessionOptions,
): AsyncGenerator<RunEvent> {
  const flops = trainer.flops(batch, prompts);
  const speed = await gemmSpeed(options);
  const step = secondsOf(flops.step, speed);
  const isFrozen = !trainer.settings.trainEncoder;
  const encoding = isFrozen ? secondsOf(flops.encode, speed) * (train.images.length + validation.images.length) : 0;
  const scoring = ((epochs + 1) * secondsOf(flops.step / 3, speed) * validation.targets.length) / (batch * prompts);
  const lines = [
    `${train.targets.length} masks on ${train.images.length} images to train on, ${validation.targets.length} held out; ${(trainer.size / 1e6).toFixed(1)} M numbers are trained`,
    `${total} steps of ${batch} images with ${prompts} prompts, ${(flops.step / 1e9).toFixed(0)} GFLOP each on a machine with ${(speed / 1e9).toFixed(0)} GFLOP/s:`,
    ...(isFrozen ? [`about ${shortSeconds(encoding)} to encode the images once, and`] : []),
    `about ${shortSeconds(step)} a step, ${shortSeconds(encoding + total * step + scoring)} in all (estimated). Nothing was written.`,
  ];
  yield { type: "start", command: "finetune-sam", total, done: 0, unit: "step" };
  yield { type: "end", done: 0, skipped: 0, failed: 0, ms: 0, lines };
}
