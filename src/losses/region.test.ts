import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { gradientError } from "../../test/support/gradient-error.ts";
import { compile, constant, gradients, input, type Value } from "../graph/index.ts";
import { type Shape, sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { denseLoss, labelLoss, presenceLoss, type RegionOptions } from "./region.ts";

const filled = (shape: Shape, at: (i: number) => number): Tensor<"float32"> =>
  tensor(
    "float32",
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => at(i)),
  );

// Numbers of torch 2.15.0 in float64: binary_cross_entropy_with_logits of normalised features, times the weights, summed.
const options = { scale: 3, bias: -1 };
const image = filled([2, 5], (i) => Math.sin(i + 1));
const patches = filled([2, 4, 5], (i) => Math.sin(3 * i + 2));
const phrases = filled([3, 5], (i) => Math.cos(2 * i));
const labels = filled([2, 3], (i) => [1, 0, 1, 0, 0, 1][i]!);
const coverage = filled([2, 3, 4], (i) => (i % 5) / 4);
const weights = filled([2, 3], (i) => [0.5, 0.25, 0, 0.125, 0, 0.125][i]!);

type Term = (features: Value, phrases: Value, truth: Value, options: RegionOptions) => Value;

async function run(term: Term, features: Tensor, truth: Tensor, given: RegionOptions) {
  const [f, p] = [input("features", "float32", features.shape), input("phrases", "float32", phrases.shape)];
  const loss = term(f, p, constant(truth), given);
  const [df, dp] = gradients(loss, [f, p]) as [Value, Value];
  const session = await compile({ loss, df, dp });
  const found = await session.run({ features, phrases });
  await session.dispose();
  const numbers = (name: string) => Array.from(found[name]!.data, Number);
  return { loss: numbers("loss")[0]!, features: numbers("df"), phrases: numbers("dp") };
}

describe.each<[string, Term, Tensor, Tensor, { weighted: number; mean: number; features: number[]; phrases: number[] }]>([
  [
    "the multi-label term",
    labelLoss,
    image,
    labels,
    {
      weighted: 0.9677360846475426,
      mean: 0.7762849484365658,
      features: [-0.511770557, 0.208925977, 0.278649655, -0.450037111, 0.145212748],
      phrases: [0.034216754, -0.081105809, -0.091006148, -0.030323951, 0.038277169],
    },
  ],
  [
    "the dense term",
    denseLoss,
    patches,
    coverage,
    {
      weighted: 0.8238963927154547,
      mean: 0.9861375800957726,
      features: [0.055278793, -0.042939415, -0.01580719, 0.052243751, -0.023781671],
      phrases: [0.007457151, -0.00201131, 0.002080906, -0.004465554, 0.003166597],
    },
  ],
])("%s", (_, term, features, truth, expected) => {
  test("has torch's value and gradients", async () => {
    const found = await run(term, features, truth, { ...options, weights: constant(weights) });
    expect(found.loss).toBeCloseTo(expected.weighted, 6);
    expectClose(found.features.slice(0, 5), expected.features, 1e-6, "gradient of the first features");
    expectClose(found.phrases.slice(-5), expected.phrases, 1e-6, "gradient of the last phrase");
    expect((await run(term, features, truth, options)).loss).toBeCloseTo(expected.mean, 6);
  });

  test("has the gradients of finite differences", async () => {
    const apply = (f: Value, p: Value) => term(f, p, constant(truth), { ...options, weights: constant(weights) });
    expect(await gradientError({ shapes: [features.shape, phrases.shape], apply, dtype: "float32" })).toBeLessThan(2e-3);
  });

  test("ignores entries with weight 0", async () => {
    const answers = (which: number) =>
      filled(truth.shape, (i) => (Math.floor(i / (sizeOf(truth.shape) / 6)) === 2 ? which : Number(truth.data[i])));
    const losses = [];
    for (const which of [0, 1]) losses.push((await run(term, features, answers(which), { ...options, weights: constant(weights) })).loss);
    expect(losses[0]).toBe(losses[1]);
  });

  test("is the sum over the parts of a batch", async () => {
    const part = ({ shape, data }: Tensor, i: number) => filled([1, ...shape.slice(1)], (k) => Number(data[(i * data.length) / 2 + k]));
    const given = (i: number) => ({ ...options, weights: constant(part(weights, i)) });
    const parts = [];
    for (const i of [0, 1]) parts.push(await run(term, part(features, i), part(truth, i), given(i)));
    expect(parts[0]!.loss + parts[1]!.loss).toBeCloseTo(expected.weighted, 6);
  });
});

// Numbers of the formula in float64, with gradients by central differences.
describe("the presence term", () => {
  const given = { ...options, weights: constant(weights) };

  test("has the formula's value, and a gradient at the largest logit of each map alone", async () => {
    const found = await run(presenceLoss, patches, labels, given);
    expect(found.loss).toBeCloseTo(0.7744873429219705, 6);
    expect(found.features.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 0));
    expectClose(found.features.slice(10, 15), [-0.409382054, 0.091015908, 0.529862015, -0.667839529, 0.098671815], 1e-6, "third patch");
    expectClose(found.features.slice(35), [0.213407187, -0.017425933, -0.22735914, 0.144151275, 0.259595836], 1e-6, "last patch");
    expectClose(found.phrases.slice(-5), [-0.01031406, -0.018862631, 0.020527751, -0.010271869, 0.017364615], 1e-6, "last phrase");
    expect((await run(presenceLoss, patches, labels, options)).loss).toBeCloseTo(0.700056832217007, 6);
  });

  test("needs a square grid", () => {
    const [f, p, y] = [input("f", "float32", [2, 3, 5]), input("p", "float32", [3, 5]), input("y", "float32", [2, 3])];
    expect(() => presenceLoss(f, p, y, options)).toThrow("presenceLoss: the patches must form a square grid, got 3");
  });
});

test("shapes that do not fit are named", () => {
  const [f, p, y] = [input("f", "float32", [2, 5]), input("p", "float32", [3, 5]), input("y", "float32", [3, 2])];
  expect(() => labelLoss(f, p, y, options)).toThrow("labelLoss: labels must be [2,3], got [3,2]");
  expect(() => labelLoss(f, input("q", "float32", [3, 4]), y, options)).toThrow(/\[2,5\] and phrases \[3,4\] must have the same width/);
});
