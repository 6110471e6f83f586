import { expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { describeWith, readCase } from "../../test/support/shared-data.ts";
import { compile, gradients, input, type Value } from "../graph/index.ts";
import { uniform } from "../tensor/random.ts";
import { type Shape, sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { type DiceCrossEntropyOptions, deepSupervisionWeights, diceCrossEntropy } from "./dice-cross-entropy.ts";

type Options = Omit<DiceCrossEntropyOptions, "imageWeights"> & { readonly imageWeights?: readonly number[] };

async function run(logits: readonly Tensor[], targets: readonly Tensor[], { imageWeights, ...options }: Options) {
  const heads = logits.map(({ shape }, i) => input(`logits${i}`, "float32", shape));
  const truths = targets.map(({ shape, dtype }, i) => input(`target${i}`, dtype, shape));
  const weights = imageWeights && input("weights", "float32", [imageWeights.length]);
  const loss = diceCrossEntropy(heads, truths, { ...options, imageWeights: weights });
  const derived = gradients(loss, heads);
  const session = await compile({ loss, ...Object.fromEntries(derived.map((value, i) => [`grad${i}`, value])) });
  const given: Record<string, Tensor> = { weights: tensor("float32", [imageWeights?.length ?? 0], Float32Array.from(imageWeights ?? [])) };
  logits.forEach((value, i) => {
    given[`logits${i}`] = value;
  });
  targets.forEach((value, i) => {
    given[`target${i}`] = value;
  });
  const found = await session.run(Object.fromEntries(session.inputs.map((name) => [name, given[name]!])));
  await session.dispose();
  return { loss: found.loss!.data[0] as number, gradients: heads.map((_, i) => found[`grad${i}`]!.data as Float32Array) };
}

interface LossCase {
  readonly loss: number;
  readonly weights: readonly number[];
  readonly batch_dice: boolean;
  readonly ignore_label: number | null;
}

const file = "parity/nnunet/loss.safetensors";
describeWith([file], "losses and gradients of the reference", async () => {
  const { tensors, settings } = await readCase<{ cases: Record<string, LossCase> }>(file);
  const names = Object.keys(settings.cases).filter((name) => tensors.has(`${name}/target`));

  test.each(names)("%s", async (name) => {
    const { loss, weights, batch_dice: batchDice, ignore_label: ignoreLabel } = settings.cases[name]!;
    const logits = weights.map((_, i) => tensors.get(`${name}/logits${i}`)!);
    const targets = logits.map(({ shape }) => nearest(tensors.get(`${name}/target`)!, shape));
    expectClose(deepSupervisionWeights(weights.length), weights, 1e-12, "weights of the heads");
    const found = await run(logits, targets, { batchDice, ignoreLabel: ignoreLabel ?? undefined });
    expect(Math.abs(found.loss - loss)).toBeLessThanOrEqual(1e-6);
    found.gradients.forEach((gradient, i) => {
      expectClose(gradient, tensors.get(`${name}/grad${i}`)!.data as Float32Array, 1e-8, `gradient of head ${i}`);
    });
  });
});

/** The target at the size of a lower head: index floor((i + 0.5) s). */
function nearest({ data, shape }: Tensor, [, , height, width]: Shape): Tensor<"int32"> {
  const [images, , fullHeight, fullWidth] = shape as [number, number, number, number];
  const values = Int32Array.from({ length: images * height! * width! }, (_, i) => {
    const [x, y, image] = [i % width!, Math.floor(i / width!) % height!, Math.floor(i / (width! * height!))];
    const [row, column] = [Math.floor(((y + 0.5) * fullHeight) / height!), Math.floor(((x + 0.5) * fullWidth) / width!)];
    return Number(data[(image * fullHeight + row) * fullWidth + column]);
  });
  return tensor("int32", [images, 1, height!, width!], values);
}

const filled = (shape: Shape, at: (i: number) => number): Tensor<"float32"> =>
  tensor(
    "float32",
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => at(i)),
  );
const labels = (shape: Shape, values: readonly number[]): Tensor<"uint8"> => tensor("uint8", shape, Uint8Array.from(values));

// Logits 0 make both classes 1/2: CE = ln 2; Dice of the foreground (2 · 1/2 + ε) / (1 + 1 + ε), as one of two pixels is foreground.
test("a network that knows nothing; worked by hand", async () => {
  const { loss } = await run([filled([1, 2, 1, 2], () => 0)], [labels([1, 1, 1, 2], [0, 1])], { batchDice: true });
  expect(loss).toBeCloseTo(Math.LN2 - (1 + 1e-5) / (2 + 1e-5), 6);
});

// With the background, whose Dice is the same by symmetry, the mean does not change; with three pixels it does.
test("the Dice of the background counts where it is asked for", async () => {
  const [logits, target] = [filled([1, 2, 1, 3], () => 0), labels([1, 1, 1, 3], [0, 0, 1])];
  const [foreground, background] = [1 / 2.5, 2 / 3.5];
  const { loss } = await run([logits], [target], { batchDice: true, withBackground: true });
  expect(loss).toBeCloseTo(Math.LN2 - (foreground + background) / 2, 4);
  expect((await run([logits], [target], { batchDice: true })).loss).toBeCloseTo(Math.LN2 - foreground, 4);
});

// Region "whole" is {1, 2}, region "core" {2}. Logits 0 make every probability 1/2.
test("regions that overlap: binary cross-entropy and the Dice of each; worked by hand", async () => {
  const target = labels([1, 1, 1, 4], [0, 1, 1, 2]);
  const options = { batchDice: true, regions: [[1, 2], [2]] };
  const { loss } = await run([filled([1, 2, 1, 4], () => 0)], [target], options);
  expect(loss).toBeCloseTo(Math.LN2 - (3 / 5 + 1 / 3) / 2, 4);
  const ignored = await run([filled([1, 2, 1, 4], (i) => (i % 4 === 2 ? 5 : 0))], [labels([1, 1, 1, 4], [0, 1, 3, 2])], {
    ...options,
    ignoreLabel: 3,
  });
  expect(ignored.loss).toBeCloseTo(Math.LN2 - (2 / 3.5 + 1 / 2.5) / 2, 4);
  expect(ignored.gradients[0]![2]).toBe(0);
});

const random = (name: string, shape: Shape) => {
  const stream = uniform(name, 1);
  return filled(shape, (i) => 6 * stream.at(i) - 3);
};
const batchOf = (images: number) => {
  const stream = uniform("labels", 1);
  return {
    logits: random("logits", [images, 3, 4, 5]),
    target: labels(
      [images, 1, 4, 5],
      Array.from({ length: images * 20 }, (_, i) => Math.floor(3 * stream.at(i))),
    ),
  };
};

test.each([true, false])(
  "an image of weight 0 counts as if it were not there, equal weights as none (batch dice: %s)",
  async (batchDice) => {
    const [three, two] = [batchOf(3), batchOf(2)];
    const plain = await run([two.logits], [two.target], { batchDice });
    for (const imageWeights of [
      [1, 1, 0],
      [0.5, 0.5, 0],
    ]) {
      const found = await run([three.logits], [three.target], { batchDice, imageWeights });
      expect(found.loss).toBeCloseTo(plain.loss, 5);
      expectClose(found.gradients[0]!.subarray(0, 120), plain.gradients[0]!, 1e-6);
      expect(found.gradients[0]!.subarray(120).every((slope) => slope === 0)).toBe(true);
    }
    const nothing = await run([two.logits], [two.target], { batchDice, imageWeights: [0, 0] });
    expect(nothing.loss).toBeCloseTo(-1, 5);
  },
);

test("pixels of the ignored label have no gradient, and whether they hold it or lie in no image makes no difference", async () => {
  const { logits, target } = batchOf(2);
  const holes = labels(
    target.shape,
    Array.from(target.data, (label, i) => (i % 4 === 1 ? 7 : label)),
  );
  const found = await run([logits], [holes], { batchDice: true, ignoreLabel: 7 });
  found.gradients[0]!.forEach((slope, i) => {
    const isHole = (Math.floor(i / 60) * 20 + (i % 20)) % 4 === 1;
    if (isHole) expect(slope).toBe(0);
    else expect(slope).not.toBe(0);
  });
});

test("logits of any size give a finite loss and gradient", async () => {
  const { loss, gradients } = await run([filled([1, 2, 1, 2], (i) => (i === 0 ? 300 : -300))], [labels([1, 1, 1, 2], [1, 0])], {
    batchDice: true,
  });
  expect(loss).toBeCloseTo((600 + Math.LN2) / 2, 3); // no overlap: Dice 0
  expect(gradients[0]!.every(Number.isFinite)).toBe(true);
});

test("what does not fit is named in the error", () => {
  const at = (shape: Shape): Value => input(`x${shape}`, "float32", shape);
  const options = { batchDice: true };
  expect(() => diceCrossEntropy([at([1, 2, 4, 4])], [], options)).toThrow(
    "each head needs a target and a weight, got 1 heads, 0 targets and 1 weights",
  );
  expect(() => diceCrossEntropy([at([1, 2, 4, 4])], [at([1, 1, 4, 5])], options)).toThrow("got [1,2,4,4] and [1,1,4,5]");
  expect(() => diceCrossEntropy([at([1, 1, 4, 4])], [at([1, 1, 4, 4])], options)).toThrow("classes need 2 channels at least");
  expect(() => diceCrossEntropy([at([1, 2, 4, 4])], [at([1, 1, 4, 4])], { ...options, regions: [[1]] })).toThrow(
    "2 channels need as many regions",
  );
});
