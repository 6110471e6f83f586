import type { EncodedPairs } from "../../data/index.ts";
import { flopsOf, input } from "../../graph/index.ts";
import { biomedClipFamily, textTower, visionTower } from "../../models/biomedclip/index.ts";
import { Weights } from "../../models/weights.ts";
import type { RunEvent } from "../../run/events.ts";
import { gemmSpeed } from "../../run/gemm-speed.ts";
import { secondsOf, shortSeconds } from "../../run/time-estimate.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import type { ContrastiveTrainer } from "../../train/index.ts";

interface Length {
  readonly batch: number;
  readonly chunk: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/** Says what a fine-tuning would do and how long it would take. A backward pass takes twice the operations of a forward pass. */
export async function* dryFinetune(
  trainer: ContrastiveTrainer,
  { train, validation }: { readonly train: EncodedPairs; readonly validation: EncodedPairs },
  { batch, chunk, epochs, stepsPerEpoch }: Length,
  options: SessionOptions,
): AsyncGenerator<RunEvent> {
  const forward = await forwardFlops(trainer, train);
  // Forward and backward; a batch of several chunks goes forward twice.
  const passes = batch > chunk ? 4 : 3;
  const speed = await gemmSpeed(options);
  const step = secondsOf(passes * batch * forward, speed);
  const epoch = stepsPerEpoch * step + secondsOf(validation.pairs.length * forward, speed);
  const lines = [
    `${train.pairs.length} pairs to train on, ${validation.pairs.length} held out; ${(trainer.size / 1e6).toFixed(1)} M numbers are trained`,
    `${epochs} epochs of ${stepsPerEpoch} steps of ${batch} pairs, ${((passes * batch * forward) / 1e9).toFixed(0)} GFLOP each on a machine with ${(speed / 1e9).toFixed(0)} GFLOP/s:`,
    `about ${shortSeconds(step)} a step, ${shortSeconds(epoch)} an epoch, ${shortSeconds(epoch * epochs)} in all (estimated). Nothing was written.`,
  ];
  yield { type: "start", command: "finetune", total: epochs * stepsPerEpoch, done: 0, unit: "step" };
  yield { type: "end", done: 0, skipped: 0, failed: 0, ms: 0, lines };
}

/** Operations that a pair takes through both towers, with a text of mean length. */
async function forwardFlops({ config, files }: ContrastiveTrainer, { lengths }: EncodedPairs): Promise<number> {
  const weights = await Weights.open(files.weights, biomedClipFamily);
  const { imageSize } = config.vision;
  const tokens = Math.ceil(lengths.reduce((sum, length) => sum + length, 0) / lengths.length);
  const image = visionTower(input("pixels", "float32", [1, 3, imageSize, imageSize]), weights, config).features;
  const text = textTower(input("ids", "int64", [1, tokens]), weights, config).features;
  return flopsOf([image, text]);
}
