import { expect, test } from "vitest";
import { normal } from "../../tensor/random.ts";
import { type Shape, sizeOf, tensor } from "../../tensor/tensor.ts";
import {
  compile,
  conv,
  convTranspose,
  flopsOf,
  gradients,
  input,
  mul,
  reduceSum,
  type TransposedConvolutionOptions,
  type Value,
} from "../index.ts";

const values = (name: string, shape: Shape) => tensor("float32", shape, normal(name, 1, sizeOf(shape)));
const picture = (channels: number, side: number): Value => input("x", "float32", [2, channels, side, side + 1]);
const kernel = (...shape: number[]): Value => input("w", "float32", shape);

// A product of linear maps: Σ r · conv(x, w) is linear in x and in w, so that its gradient times any direction is its value there. Sizes
// are those at which another form of the gradient takes over, see `weightGradient`.
test.each<[string, typeof conv, number, number[], TransposedConvolutionOptions]>([
  ["products folded into one", conv, 9, [3, 2, 3, 3], { padding: 1 }],
  ["products folded into one, strided", conv, 16, [3, 2, 3, 3], { stride: 2, padding: 1 }],
  ["products by tap", conv, 20, [3, 2, 3, 2], { padding: [1, 0], dilation: [1, 2] }],
  ["products by tap, strided", conv, 41, [3, 2, 3, 3], { stride: 2, padding: 1 }],
  ["the flipped kernel", conv, 40, [3, 2, 2, 3], { padding: 1, dilation: [2, 1] }],
  ["products by row", conv, 65, [3, 2, 3, 3], { padding: 1 }],
  ["products by row, without a border", conv, 70, [3, 2, 2, 5], {}],
  ["a kernel of one element", conv, 64, [3, 2, 1, 1], {}],
  ["a border that is wider than the kernel", conv, 40, [3, 2, 1, 2], { padding: 2 }],
  ["products by phase", conv, 131, [3, 2, 3, 3], { stride: 2, padding: 1 }],
  ["products by phase, three at once", conv, 193, [1, 2, 5, 4], { stride: 3 }],
  ["products by phase of tiles", conv, 9, [3, 2, 2, 2], { stride: 2 }],
  ["other strides for each axis", conv, 140, [3, 2, 3, 3], { stride: [2, 1], padding: 1 }],
  ["groups", conv, 33, [4, 1, 3, 3], { stride: 2, padding: 1, groups: 2 }],
  ["transposed by tiles", convTranspose, 33, [2, 3, 2, 2], { stride: 2 }],
  ["transposed with overlap", convTranspose, 35, [2, 3, 3, 3], { stride: 2, padding: 1, outputPadding: 1 }],
  ["transposed with overlap, by phase", convTranspose, 64, [2, 3, 4, 4], { stride: 2, padding: 1 }],
])("gradients of a convolution fit its value: %s", async (_, apply, side, shape, options) => {
  const [x, w] = [picture(2, side), kernel(...shape)];
  const y = apply(x, w, options);
  const loss = reduceSum(mul(y, input("r", "float32", y.shape)));
  const [dx, dw] = gradients(loss, [x, w]) as [Value, Value];
  const session = await compile({ loss, dx, dw });
  const point = { x: values("x", x.shape), w: values("w", w.shape), r: values("r", y.shape) };
  const { loss: at, dx: ofX, dw: ofW } = await session.run(point);
  const scale = Math.sqrt(sizeOf(y.shape));
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, number, i) => sum + number * b[i]!, 0);
  for (const [name, gradient] of [["x", ofX] as const, ["w", ofW] as const]) {
    expect(Math.abs(dot(gradient!.data as Float32Array, point[name].data) - Number(at!.data[0]))).toBeLessThan(1e-4 * scale);
    const direction = values("direction", point[name].shape);
    const { loss: there } = await session.run({ ...point, [name]: direction });
    expect(Math.abs(dot(gradient!.data as Float32Array, direction.data) - Number(there!.data[0]))).toBeLessThan(1e-4 * scale);
  }
  await session.dispose();
});

test("a kernel moves by stride, dilation and border; worked by hand", async () => {
  // Row [1 2 3 4 5] with zeros around it, read at -1, 1, 3 (stride 2) by elements two apart: 0·1 + 2·10, 2·1 + 4·10, 4·1 + 0·10.
  // The transpose of the same: each number spreads to two places that are two apart, at -1, 1, 3; then the border falls away.
  const [x, w] = [input("x", "float32", [1, 1, 1, 5]), input("w", "float32", [1, 1, 1, 2])];
  const options = { stride: [1, 2], padding: [0, 1], dilation: [1, 2] } as const;
  const [y, t] = [conv(x, w, options), convTranspose(x, w, options)];
  const session = await compile({ y, t });
  const run = await session.run({
    x: tensor("float32", [1, 1, 1, 5], Float32Array.of(1, 2, 3, 4, 5)),
    w: tensor("float32", [1, 1, 1, 2], Float32Array.of(1, 10)),
  });
  expect([...run.y!.data]).toEqual([20, 42, 4]);
  expect(run.t!.shape).toEqual([1, 1, 1, 9]); // (5 - 1) 2 + 3 - 2
  expect([...run.t!.data]).toEqual([0, 12, 0, 23, 0, 34, 0, 45, 0]);
  await session.dispose();
});

test.each([
  [() => conv(picture(3, 5), kernel(4, 2, 3, 3)), 'conv: the kernel is for 2 channels, got input "x" float32 [2,3,5,6]'],
  [() => conv(picture(3, 5), kernel(4, 1, 3, 3), { groups: 2 }), "conv: 3 channels to 4 cannot be split into 2 groups"],
  [() => conv(picture(3, 2), kernel(4, 3, 3, 3)), "conv: a window of 3 x 3 does not fit into 2 x 3 with a border of 0 x 0"],
  [() => conv(picture(3, 9), kernel(4, 3, 3, 3), { stride: 0 }), "conv: the stride must be a whole number of at least 1, or two, got 0"],
  [
    () => conv(picture(3, 9), kernel(4, 3, 3, 3), { padding: [1, -1] }),
    "conv: the padding must be a whole number of at least 0, or two, got [1, -1]",
  ],
  [() => conv(picture(3, 9), kernel(4, 3, 3, 3), { bias: kernel(3) }), "conv: the bias must be [4], got"],
  [() => conv(picture(3, 9), kernel(4, 3, 3)), "conv: the kernel must have 4 axes, got [4,3,3]"],
  [() => convTranspose(picture(3, 5), kernel(4, 2, 3, 3)), "convTranspose: the kernel is for 4 channels"],
  [
    () => convTranspose(picture(3, 5), kernel(3, 2, 3, 3), { stride: [2, 1], outputPadding: 1 }),
    "convTranspose: the output padding 1 x 1 must be less than the stride 2 x 1",
  ],
  [() => convTranspose(picture(3, 1), kernel(3, 2, 1, 1), { padding: 1 }), "convTranspose: the output is empty for"],
])("what does not fit is refused %#", (made, message) => {
  expect(made).toThrow(message);
});

test("groups count the products that they need", () => {
  // 8 x 9 positions, 4 outputs of 2 pictures, each a kernel of 3 x 3 over the channels of its group.
  expect(flopsOf([conv(picture(4, 10), kernel(4, 4, 3, 3))])).toBe(2 * 2 * 4 * 8 * 9 * 36);
  expect(flopsOf([conv(picture(4, 10), kernel(4, 1, 3, 3), { groups: 4 })])).toBe(2 * 2 * 4 * 8 * 9 * 9);
});
