import type { Scores } from "../metrics.ts";
import { type BatchOptions, heldOutBatches } from "./batches.ts";
import type { PromptData } from "./prompt-data.ts";
import { learntMasks } from "./trained-tensors.ts";
import type { PromptableAnswer, PromptableTrainer } from "./trainer.ts";

/**
 * Scores the model with one box per target.
 *
 * @returns `loss` as in training, over all batches, including the repeated rows that fill the last ones; `dsc`, the mean over groups of the
 *   mean DSC of their targets, at the size of the logits; with several groups also `dsc_<group>` of each
 */
export async function scoreTargets(trainer: PromptableTrainer, data: PromptData, options: BatchOptions): Promise<Scores> {
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
  const groups = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, { sum, count }]) => [`dsc_${group}`, sum / count] as const);
  const dsc = groups.reduce((sum, [, mean]) => sum + mean, 0) / groups.length;
  return { loss: loss / batches, dsc, ...(groups.length > 1 && Object.fromEntries(groups)) };
}

/** The logits of a row's single mask or, if that output is not trained, of the candidate mask with the highest predicted IoU. */
function chosen({ logits, iou }: PromptableAnswer, row: number, from: number): Float32Array {
  const [, masks, height, width] = logits.shape as [number, number, number, number];
  const scores = iou.data.subarray(row * masks, (row + 1) * masks);
  let best = from;
  if (from > 0) for (let m = from; m < masks; m++) if (scores[m]! > scores[best]!) best = m;
  const size = height * width;
  return logits.data.subarray((row * masks + best) * size, (row * masks + best + 1) * size);
}

/** DSC, 2 |A ∩ B| / (|A| + |B|), of the logits above 0 and a target that is not empty. */
function dscOfCells(logits: Float32Array, cells: Uint8Array): number {
  let [both, sum] = [0, 0];
  for (let i = 0; i < cells.length; i++) {
    const inside = logits[i]! > 0 ? 1 : 0;
    both += inside & cells[i]!;
    sum += inside + cells[i]!;
  }
  return (2 * both) / sum;
}
