import fc from "fast-check";
import { expect, test } from "vitest";
import { describeWith, readCase } from "../../test/support/shared-data.ts";
import type { LabelMap } from "../image/index.ts";
import { choosePostprocessing, keepLargestComponent, postprocess } from "./postprocess.ts";

const row = (...labels: number[]): LabelMap => ({ kind: "labels", width: labels.length, height: 1, data: Int16Array.from(labels) });

test("the largest component of some labels stays, the others become background, other labels stay", () => {
  expect(keepLargestComponent(row(1, 0, 1, 2, 0, 3), [1, 2])).toEqual(row(0, 0, 1, 2, 0, 3));
  expect(keepLargestComponent(row(1, 1, 0, 1, 1, 0, 1), [1])).toEqual(row(1, 1, 0, 1, 1, 0, 0)); // equal ones all stay
  expect(keepLargestComponent(row(-1, 1, 0, 1), [2])).toEqual(row(-1, 1, 0, 1));
});

// Reference 1 1 1 0 0; prediction 1 1 0 0 1: Dice 2 · 2 / 6 = 2/3; without the single pixel 2 · 2 / 5 = 0.8.
test("a single pixel far off is removed when that raises the Dice, and stays when it does not", () => {
  const prediction = row(1, 1, 0, 0, 1);
  const better = choosePostprocessing([{ prediction, reference: row(1, 1, 1, 0, 0) }], [[1]]);
  expect(better.steps).toEqual([[1]]);
  expect(better.trials[0]!.diceBefore).toBeCloseTo(2 / 3, 12);
  expect(better.trials[0]!.diceAfter).toBeCloseTo(0.8, 12);
  expect(postprocess(prediction, better)).toEqual(row(1, 1, 0, 0, 0));
  const worse = choosePostprocessing([{ prediction, reference: prediction }], [[1]]);
  expect(worse.steps).toEqual([]);
  expect(postprocess(prediction, worse)).toEqual(prediction);
});

// The ignore label covers what the reference says of the stray pixel.
test("pixels with the ignore label do not count", () => {
  const pair = { prediction: row(1, 1, 0, 0, 1), reference: row(1, 1, 0, 0, 2) };
  expect(choosePostprocessing([pair], [[1]], { ignore: 2 }).trials).toEqual([{ labels: [1], diceBefore: 1, diceAfter: 1, isKept: false }]);
});

test("cases of which both masks are empty do not change the choice", () => {
  const pair = { prediction: row(1, 1, 0, 2, 1), reference: row(1, 1, 1, 2, 0) };
  const empty = { prediction: row(0, 0, 0, 0, 0), reference: row(0, 0, 0, 0, 0) };
  const classes = [[1], [2]];
  expect(choosePostprocessing([pair, empty], classes).steps).toEqual(choosePostprocessing([pair], classes).steps);
});

test("the choice never lowers the mean Dice", () => {
  const labels = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(fc.tuple(labels, labels), { minLength: 1, maxLength: 3 }), (all) => {
      const pairs = all.map(([a, b]) => ({ prediction: row(...a), reference: row(...b) }));
      const chosen = choosePostprocessing(pairs, [[1], [2]]);
      for (const { diceBefore, diceAfter, isKept } of chosen.trials) expect(isKept && diceAfter <= diceBefore).toBe(false);
    }),
  );
});

test("no case and a pair of two sizes are errors", () => {
  expect(() => choosePostprocessing([], [[1]])).toThrow(/at least one validation case/);
  expect(() => choosePostprocessing([{ prediction: row(1), reference: row(1, 0) }], [[1]])).toThrow(/is 1 x 1, its reference 2 x 1/);
});

const file = "parity/nnunet/postprocess.safetensors";

interface Settings {
  readonly labels: readonly number[];
  readonly determine: {
    readonly input_folder: { readonly mean: Readonly<Record<string, { readonly Dice: number }>> };
    readonly postprocessing_kwargs: readonly { readonly labels_or_regions: number | readonly number[] }[];
  };
  readonly log: readonly string[];
}

describeWith([file], "post-processing gives nnU-Net's masks and choices", async () => {
  const { tensors, settings } = await readCase<Settings>(file);
  const map = (name: string): LabelMap => {
    const { shape, data } = tensors.get(name)!;
    return { kind: "labels", height: shape[0]!, width: shape[1]!, data: Int16Array.from(data as Uint8Array) };
  };

  test.each([
    ["largest/input", [1], "largest/labels_1"],
    ["largest/input", [1, 2], "largest/labels_1_2"],
    ["largest/tie_input", [1], "largest/tie_output"],
  ] as const)("%s, labels %j", (input, labels, output) => {
    expect(keepLargestComponent(map(input), labels)).toEqual(map(output));
  });

  test("the choice on five cases", () => {
    const count = [...tensors.keys()].filter((name) => name.startsWith("post/prediction")).length;
    const pairs = Array.from({ length: count }, (_, i) => ({
      prediction: map(`post/prediction${i}`),
      reference: map(`post/reference${i}`),
    }));
    const chosen = choosePostprocessing(
      pairs,
      settings.labels.filter((label) => label !== 0).map((label) => [label]),
    );
    const { postprocessing_kwargs: steps } = settings.determine;
    expect(chosen.steps).toEqual(steps.map(({ labels_or_regions: labels }) => (typeof labels === "number" ? [labels] : labels)));
    const printed = settings.log.flatMap((line) =>
      [...line.matchAll(/before: ([\d.]+) after: ([\d.]+)/g)].map(([, a, b]) => [Number(a), Number(b)]),
    );
    expect(chosen.trials.map(({ diceBefore, diceAfter }) => [rounded(diceBefore), rounded(diceAfter)])).toEqual(printed);
    for (const [i, { prediction }] of pairs.entries()) expect(postprocess(prediction, chosen)).toEqual(map(`post/result${i}`));
  });
});

const rounded = (value: number): number => Math.round(value * 1e5) / 1e5;
