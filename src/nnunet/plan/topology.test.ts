import fc from "fast-check";
import { expect, test } from "vitest";
import { estimateOf } from "./estimate.ts";
import { percentile, roundHalfEven } from "./numpy.ts";
import { targetOf } from "./target.ts";
import { topologyOf } from "./topology.ts";

test("halves are rounded to the even neighbour", () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, 427.5, 555.5].map(roundHalfEven)).toEqual([0, 2, 2, 0, -2, 2, 428, 556]);
});

test("percentiles lie between neighbours", () => {
  expect(percentile([4, 1, 3, 2], 50)).toBe(2.5);
  expect(percentile([0, 10], 10)).toBe(1);
  expect(percentile([7], 10)).toBe(7);
});

// 20 x 12 pixels of 1 x 3 mm: at first the rows alone are halved, to 10 pixels of 2 mm; then 3 mm are less than twice as coarse, and both are, to 5 x 6.
test("a coarse axis waits until the other one has been halved", () => {
  expect(topologyOf([20, 12], [1, 3])).toEqual({
    strides: [
      [1, 1],
      [2, 1],
      [2, 2],
    ],
    kernels: [
      [3, 1],
      [3, 3],
      [3, 3],
    ],
    divisor: [4, 2],
    patchSize: [20, 12],
  });
});

test("an axis alone is halved while it has 12 pixels", () => {
  expect(topologyOf([7, 11], [1, 1]).divisor).toEqual([1, 1]);
  expect(topologyOf([7, 12], [1, 1]).divisor).toEqual([1, 2]);
});

test("the patch is the next multiple of the strides, also of half pixels", () => {
  expect(topologyOf([427.5, 512], [1, 1]).patchSize).toEqual([448, 512]);
});

test("by the rule of 2.1.1 a kernel may grow by the spacing of another axis, and one axis alone is an error", () => {
  expect(() => topologyOf([7, 200], [1, 1], "place in list")).toThrow(/2\.1\.1 cannot plan for images of 7 x 200 pixels/);
  expect(topologyOf([7, 200], [1, 1]).kernels[0]).toEqual([3, 3]);
});

test("strides halve to 4 to 7 pixels, and the patch is at least the size", () => {
  const sides = fc.tuple(fc.integer({ min: 8, max: 3000 }), fc.integer({ min: 8, max: 3000 }));
  fc.assert(
    fc.property(sides, (size) => {
      const { patchSize, divisor, strides, kernels } = topologyOf(size, [1, 1]);
      for (const axis of [0, 1] as const) {
        expect(patchSize[axis]).toBeGreaterThanOrEqual(size[axis]);
        expect(patchSize[axis]).toBeLessThan(size[axis] + divisor[axis]);
        expect(patchSize[axis] / divisor[axis]).toBeGreaterThanOrEqual(4);
        expect(strides.reduce((product, stride) => product * stride[axis], 1)).toBe(divisor[axis]);
      }
      expect(kernels).toHaveLength(strides.length);
    }),
  );
});

// Two stages of 1 and 2 features, 4 x 4 and 2 x 2 pixels, 3 labels. Plain: 2 * 1 * 16 + 2 * 2 * 4 = 48; decoder (2 + 1) * 1 * 16 = 48; head 3 * 16 = 48.
// Residual: stem 16; block 2 * 16; block 2 * 8 and its projection 8; decoder and head as before.
test("the estimate counts the outputs of all convolutions and of one head", () => {
  const stages = [
    { features: 1, kernel: [3, 3], stride: [1, 1], blocks: 2 },
    { features: 2, kernel: [3, 3], stride: [2, 2], blocks: 2 },
  ] as const;
  const rest = { decoderConvs: [2], convBias: true, normEps: 1e-5, slope: 0.01 };
  expect(estimateOf({ kind: "plain", stages, ...rest }, [4, 4], 3)).toBe(144);
  const single = stages.map((stage) => ({ ...stage, blocks: 1 }));
  expect(estimateOf({ kind: "residual-encoder", stages: single, ...rest }, [4, 4], 3)).toBe(16 + 32 + 16 + 8 + 48 + 48);
});

// Ten images of 1 mm and two of 2 mm: the slice axis' median is 999, its 10th percentile too. Six of each: median (999 + 1998) / 2, 10th percentile 999,
// so that the images of 2 mm count as two slices.
test("2D images of different spacing count as several slices", () => {
  const of = (mm: number, count: number) => Array(count).fill([999 * mm, mm, mm] as const);
  const shapes = Array(12).fill([1, 100, 100] as const);
  expect(targetOf({ spacings: [...of(1, 10), ...of(2, 2)], shapes })).toEqual({ spacing: [999, 1, 1], shape: [1, 100, 100] });
  const mixed = targetOf({ spacings: [...of(1, 6), ...of(2, 6)], shapes });
  expect(mixed.spacing).toEqual([999, 1.5, 1.5]);
  expect(mixed.shape).toEqual([1.5, 100, 100]);
});
