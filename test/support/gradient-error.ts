import { expect } from "vitest";
import { compile } from "../../src/graph/compile.ts";
import { gradients } from "../../src/graph/gradients.ts";
import { mul } from "../../src/graph/operators/elementwise.ts";
import { reduceSum } from "../../src/graph/operators/movement.ts";
import { constant, type GradientSample, input } from "../../src/graph/value.ts";
import { uniform } from "../../src/tensor/random.ts";
import { type Shape, sizeOf, type Tensor, tensor } from "../../src/tensor/tensor.ts";

type Float = "float32" | "float64";

function random(name: string, shape: Shape, dtype: Float, [low, high]: readonly [number, number]): Tensor<Float> {
  const stream = uniform(name, 1);
  const numbers = Array.from({ length: sizeOf(shape) }, (_, i) => low + (high - low) * stream.at(i));
  return tensor(dtype, shape, dtype === "float64" ? Float64Array.from(numbers) : Float32Array.from(numbers));
}

/** Largest difference between the rule's gradient and central differences, relative to the largest gradient. */
export async function gradientError({ shapes, apply, range = [-1, 1], dtype = "float64" }: GradientSample): Promise<number> {
  const inputs = shapes.map((shape, i) => input(`x${i}`, dtype, shape));
  const y = apply(...inputs);
  const weights = constant(random("weights", y.shape, dtype, [-1, 1]));
  const loss = reduceSum(mul(y, weights));
  const derived = gradients(loss, inputs);
  const session = await compile({ loss, ...Object.fromEntries(derived.map((gradient, i) => [`dx${i}`, gradient])) });
  const point = shapes.map((shape, i) => random(`x${i}`, shape, dtype, range));
  const feed = (arrays: Tensor<Float>[]) => Object.fromEntries(arrays.map((array, i) => [`x${i}`, array]));
  const analytic = await session.run(feed(point));
  // float32 losses carry a rounding error near 1e-7, so their steps must be wide.
  const step = dtype === "float64" ? 1e-5 : 1e-2;
  let [error, largest] = [0, 0];
  for (let i = 0; i < point.length; i++) {
    expect(analytic[`dx${i}`]!.shape, `shape of the gradient of input ${i}`).toEqual(shapes[i]);
    for (let j = 0; j < point[i]!.data.length; j++) {
      const at = async (offset: number) => {
        const moved = point.map((array, k) => (k === i ? tensor(dtype, array.shape, array.data.slice()) : array));
        moved[i]!.data[j]! += offset;
        return Number((await session.run(feed(moved))).loss!.data[0]);
      };
      const numeric = ((await at(step)) - (await at(-step))) / (2 * step);
      const value = Number(analytic[`dx${i}`]!.data[j]);
      error = Math.max(error, Math.abs(numeric - value));
      largest = Math.max(largest, Math.abs(numeric));
    }
  }
  await session.dispose();
  return error / largest;
}
