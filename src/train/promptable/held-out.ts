import { type BatchOptions, heldOutBatches } from "./batches.ts";
import type { PromptData } from "./prompt-data.ts";
import { learntMasks } from "./trained-tensors.ts";
import type { PromptableAnswer, PromptableTrainer } from "./trainer.ts";

/** What a model is worth on targets that it is not trained on. */
export interface TargetScores {
  /** As in training, from the boxes of all targets; those that fill a batch up count again. */
  readonly validationLoss: number;
  /** Mean over the groups of the mean DSC of their targets, at the size of the logits. */
  readonly dsc: number;
  /** The mean DSC of each group. */
  readonly dscOf: Readonly<Record<string, number>>;
}

/** Scores the answers to one box a target. */
export async function scoreTargets(trainer: PromptableTrainer, data: PromptData, options: BatchOptions): Promise<TargetScores> {
  const [first] = learntMasks(trainer.settings, trainer.config);
  const sums = new Map<string, { sum: number; count: number }>();
  let [loss, batches] = [0, 0];
  for await (const { rows, ...batch } of heldOutBatches(data, options)) {
    const answer = await trainer.answer(batch);
    loss += answer.loss;
    batches++;
    for (const [row, index] of rows.entries()) {
      if (index === undefined) continue;
      const { group, truth } = data.targets[index]!;
      const score = dscOfCells(chosen(answer, row, first!.from), truth.cells);
      const before = sums.get(group) ?? { sum: 0, count: 0 };
      sums.set(group, { sum: before.sum + score, count: before.count + 1 });
    }
  }
  const dscOf = Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, { sum, count }]) => [group, sum / count]));
  const means = Object.values(dscOf);
  return { validationLoss: loss / batches, dsc: means.reduce((sum, mean) => sum + mean, 0) / means.length, dscOf };
}

/** The logits of a row's single answer, or, where that does not learn, of the candidate that the model thinks best. */
function chosen({ logits, iou }: PromptableAnswer, row: number, from: number): Float32Array {
  const [, masks, height, width] = logits.shape as [number, number, number, number];
  const scores = iou.data.subarray(row * masks, (row + 1) * masks);
  let best = from;
  if (from > 0) for (let m = from; m < masks; m++) if (scores[m]! > scores[best]!) best = m;
  const size = height * width;
  return logits.data.subarray((row * masks + best) * size, (row * masks + best + 1) * size);
}

/** 2 |A ∩ B| / (|A| + |B|) of where logits are above 0 and a target that is not empty. */
function dscOfCells(logits: Float32Array, cells: Uint8Array): number {
  let [both, sum] = [0, 0];
  for (let i = 0; i < cells.length; i++) {
    const inside = logits[i]! > 0 ? 1 : 0;
    both += inside & cells[i]!;
    sum += inside + cells[i]!;
  }
  return (2 * both) / sum;
}
