import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { describeWith, readCase } from "../../../test/support/shared-data.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { addCounts, type HardCounts, hardCounts, movingAverage, pseudoDice } from "./pseudo-dice.ts";

const file = "parity/nnunet/loss.safetensors";

interface Pseudo {
  readonly tp_fp_fn_per_batch: readonly (readonly [tp: readonly number[], fp: readonly number[], fn: readonly number[]])[];
  readonly dice_per_class: readonly number[];
  readonly mean: number;
  readonly epoch_dice: readonly number[];
  readonly ema: readonly number[];
  readonly best_epochs: readonly number[];
}

describeWith([file], "the pseudo-Dice is nnU-Net's", async () => {
  const { tensors, settings } = await readCase<{ cases: { pseudo: Pseudo } }>(file);
  const { pseudo } = settings.cases;
  const batches = pseudo.tp_fp_fn_per_batch.map((_, i) => {
    const { shape, data } = tensors.get(`pseudo/target${i}`)!;
    const target = tensor("int16", shape, Int16Array.from(data as Int32Array));
    return hardCounts(tensors.get(`pseudo/logits${i}`) as Tensor<"float32">, target);
  });

  test("counts of each batch", () => {
    const expected = pseudo.tp_fp_fn_per_batch.map(([tp, fp, fn]) => tp.map((count, k) => ({ tp: count, fp: fp[k], fn: fn[k] })));
    expect(batches).toEqual(expected);
  });

  test("Dice of all batches together", () => {
    const total = batches.reduce<HardCounts[]>(addCounts, []);
    expectClose([pseudoDice(total)], [pseudo.mean], 1e-12);
    expectClose(
      total.map((counts) => pseudoDice([counts])),
      pseudo.dice_per_class,
      1e-12,
    );
  });

  test("moving average, and the epochs in which it improves", () => {
    const averages: number[] = [];
    for (const value of pseudo.epoch_dice) averages.push(movingAverage(averages.at(-1), value));
    expectClose(averages, pseudo.ema, 1e-12);
    const best = averages.flatMap((value, i) => (averages.slice(0, i).every((before) => value > before) ? [i] : []));
    expect(best).toEqual(pseudo.best_epochs);
  });
});

/** Four pixels of two outputs. */
const logits = tensor("float32", [1, 2, 1, 4], Float32Array.of(1, -1, 0, 2, 2, -2, 0, 2));
const labels = (...values: number[]) => tensor("int16", [1, 1, 1, 4], Int16Array.from(values));

// The classes of the pixels are 1, 0, 0 (equal logits) and 0 (equal logits).
test("of equal logits the lowest class wins, and the ignore label counts nowhere", () => {
  expect(hardCounts(logits, labels(1, 1, 0, 1))).toEqual([{ tp: 1, fp: 0, fn: 2 }]);
  expect(hardCounts(logits, labels(2, 1, 0, 2), { ignoreLabel: 2 })).toEqual([{ tp: 0, fp: 0, fn: 1 }]);
});

// Logits above 0: the first region at pixels 0 and 3, the second one at 0 and 3.
test("regions may overlap, and consist of several labels", () => {
  const regions = [[1, 2], [2]];
  expect(hardCounts(logits, labels(1, 2, 0, 2), { regions })).toEqual([
    { tp: 2, fp: 0, fn: 1 },
    { tp: 1, fp: 1, fn: 1 },
  ]);
});

test("a class that is nowhere is left out of the mean; where all are, the score is 1", () => {
  const nowhere = { tp: 0, fp: 0, fn: 0 };
  expect(pseudoDice([{ tp: 1, fp: 1, fn: 1 }, nowhere])).toBe(0.5);
  expect(pseudoDice([nowhere])).toBe(1);
});
