import { expect, test } from "vitest";
import { tensor } from "../../tensor/tensor.ts";
import { averagePool, compile, gradients, input, instanceNorm, leakyRelu, maxPool, mul, reduceSum, resize, type Value } from "../index.ts";

const x = input("x", "float32", [1, 1, 4, 4]);

/** Values of x = 0 1 ... 15 by rows, or others. */
async function run(
  outputs: Record<string, Value>,
  values = Float32Array.from({ length: 16 }, (_, i) => i),
): Promise<Record<string, number[]>> {
  const session = await compile(outputs);
  const results = await session.run({ x: tensor("float32", [1, 1, 4, 4], values) });
  await session.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array)]));
}

test("pooling takes the largest or the mean under each window; worked by hand", async () => {
  const results = await run({
    max: maxPool(x, 2),
    bordered: maxPool(x, 3, { stride: 2, padding: 1 }),
    mean: averagePool(x, [2, 4]),
    withBorder: averagePool(x, 2, { stride: 3, padding: 1 }),
    withoutBorder: averagePool(x, 2, { stride: 3, padding: 1, countIncludePad: false }),
  });
  expect(results.max).toEqual([5, 7, 13, 15]);
  expect(results.bordered).toEqual([5, 7, 13, 15]);
  expect(results.mean).toEqual([3.5, 11.5]);
  // The windows begin at -1 and 2: they hold 0 and three zeros of the border, 2 3 and two, 8 12 and two, 10 11 14 15.
  expect(results.withBorder).toEqual([0, 1.25, 5, 12.5]);
  expect(results.withoutBorder).toEqual([0, 2.5, 10, 12.5]);
});

test("overlapping windows add up what they give back; of equal elements the first gets it", async () => {
  const ofMax = gradients(reduceSum(maxPool(x, 3, { stride: 1 })), [x])[0]!;
  expect((await run({ ofMax })).ofMax).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1]);
  const tied = gradients(reduceSum(maxPool(x, 2)), [x])[0]!;
  expect((await run({ tied }, new Float32Array(16))).tied).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
});

test("nearest takes the element in which a new one begins; bilinear means are those of torch", async () => {
  const results = await run({
    larger: resize(x, [4, 8], { mode: "nearest" }),
    smaller: resize(x, [2, 2], { mode: "nearest" }),
    half: resize(x, [2, 2], { mode: "bilinear" }),
    aligned: resize(x, [4, 3], { mode: "bilinear", alignCorners: true }),
    twice: resize(x, [4, 8], { mode: "bilinear" }),
  });
  expect(results.larger!.slice(0, 8)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  expect(results.smaller).toEqual([0, 2, 8, 10]);
  expect(results.half).toEqual([2.5, 4.5, 10.5, 12.5]); // the means of 2 x 2
  expect(results.aligned!.slice(0, 3)).toEqual([0, 1.5, 3]);
  expect(results.twice!.slice(0, 8)).toEqual([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]);
});

test("a picture of the same size is the same value", () => {
  expect(resize(x, [4, 4], { mode: "bilinear" })).toBe(x);
});

test("an instance norm has mean 0 and variance 1 in each picture", async () => {
  const [one, zero] = ["one", "zero"].map((name) => input(name, "float32", [1])) as [Value, Value];
  const y = instanceNorm(x, one, zero, 0);
  const session = await compile({ y, square: reduceSum(mul(y, y)) });
  const { y: normal, square } = await session.run({
    x: tensor(
      "float32",
      [1, 1, 4, 4],
      Float32Array.from({ length: 16 }, (_, i) => 3 * i + 7),
    ),
    one: tensor("float32", [1], Float32Array.of(1)),
    zero: tensor("float32", [1], Float32Array.of(0)),
  });
  await session.dispose();
  expect((normal!.data as Float32Array)[0]).toBeCloseTo(-7.5 / Math.sqrt(85 / 4), 5); // 0 to 15: mean 7.5, variance 85 / 4
  expect(Number(square!.data[0])).toBeCloseTo(16, 4);
});

test("a leaky ReLU has the slope of its sign; at 0 that of the negative side", async () => {
  const y = leakyRelu(x, 0.25);
  const [slope] = gradients(reduceSum(y), [x]) as [Value];
  const results = await run(
    { y, slope },
    Float32Array.from({ length: 16 }, (_, i) => i - 2),
  );
  expect(results.y!.slice(0, 4)).toEqual([-0.5, -0.25, 0, 1]);
  expect(results.slope!.slice(0, 4)).toEqual([0.25, 0.25, 0.25, 1]);
});

test.each([
  [() => maxPool(x, 5), "maxPool: a window of 5 x 5 does not fit into 4 x 4 with a border of 0 x 0"],
  [() => averagePool(x, 2, { padding: [1, 2] }), "averagePool: the padding 1 x 2 must be at most half of the window 2 x 2"],
  [() => maxPool(input("y", "float32", [4, 4]), 2), 'maxPool: expected [B, C, H, W], got input "y" float32 [4,4]'],
  [() => resize(x, [0, 4], { mode: "nearest" }), "resize: the size must be a whole number of at least 1, or two, got [0, 4]"],
  [() => resize(x, [2, 4], { mode: "nearest", alignCorners: true }), "resize: nearest does not support alignCorners"],
  [() => instanceNorm(x, input("s", "float32", [2]), input("b", "float32", [1])), 'instanceNorm: expected parameters [1], got input "s"'],
  [() => leakyRelu(x, 2), "leakyRelu: the slope must be from 0 to 1, got 2"],
])("what does not fit is refused %#", (made, message) => {
  expect(made).toThrow(message);
});
