import { type DroppedPair, type EncodedPairs, type PairBatch, type PairWorkers, plainBatches, type ViewOptions } from "../../data/index.ts";
import { InputError } from "../../errors.ts";
import { pairRanks, summariseRanks } from "../../metrics/retrieval/index.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { recallName, type Scores } from "../metrics.ts";
import type { PairFeatures } from "./gradient.ts";
import type { ContrastiveTrainer } from "./trainer.ts";

/** Scores of a model on the validation set. */
export interface HeldOutScores {
  /** The loss as in training, with batches of the same size, and recalls in both directions among all validation pairs, unless the loss is not finite. */
  readonly scores: Scores;
  /** Pairs that cannot be decoded and are skipped. */
  readonly dropped: readonly DroppedPair[];
}

/** Scores the model on validation pairs. @throws InputError when fewer than two can be decoded */
export async function scoreHeldOut(
  trainer: ContrastiveTrainer,
  pairs: EncodedPairs,
  workers: PairWorkers,
  { session, ...views }: ViewOptions & { readonly session: SessionOptions },
): Promise<HeldOutScores> {
  const dropped: DroppedPair[] = [];
  const { loss, features } = await trainer.validate(noting(dropped, plainBatches(pairs, workers, views)));
  if (pairs.pairs.length - dropped.length < 2) throw new InputError("fewer than two validation pairs can be decoded");
  if (!Number.isFinite(loss)) return { scores: { loss }, dropped }; // NaN features have no ranks
  const { imageToText, textToImage } = await pairRanks(joined(features), { ...session, ...(views.signal && { signal: views.signal }) });
  return { scores: { loss, ...recalls("image_to_text", imageToText), ...recalls("text_to_image", textToImage) }, dropped };
}

/** Recall at 1, 5 and 10. */
function recalls(direction: Parameters<typeof recallName>[0], ranks: Parameters<typeof summariseRanks>[0]): Record<string, number> {
  const { recall } = summariseRanks(ranks);
  return Object.fromEntries(([1, 5, 10] as const).map((k) => [recallName(direction, k), recall[k]]));
}

async function* noting(dropped: DroppedPair[], batches: AsyncIterable<PairBatch>): AsyncGenerator<PairBatch> {
  for await (const batch of batches) {
    for (const pair of batch.dropped) dropped.push(pair);
    if (batch.pairs.length > 0) yield batch;
  }
}

function joined(batches: readonly PairFeatures[]): PairFeatures {
  return { image: stacked(batches.map(({ image }) => image)), text: stacked(batches.map(({ text }) => text)) };
}

function stacked(parts: readonly Tensor<"float32">[]): Tensor<"float32"> {
  const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const width = parts[0]!.shape[1]!;
  const data = new Float32Array(rows * width);
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return tensor("float32", [rows, width], data);
}
