import fc from "fast-check";
import { expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { bilinear } from "./bilinear.ts";

test("the published vectors", () => {
  expect([...bilinear({ width: 2, height: 1, data: Float32Array.of(0, 1) }, { width: 4, height: 1 }).data]).toEqual([0, 0.25, 0.75, 1]);
  const ramp = Float32Array.from({ length: 14 }, (_, i) => i);
  const { data } = bilinear({ width: 1, height: 14, data: ramp }, { width: 1, height: 224 });
  expect([...data.subarray(0, 12)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0.03125, 0.09375, 0.15625, 0.21875]);
});

test("rows and columns are blended separately", () => {
  // The centre of 2 x 2 values is their mean; the centre of an edge is the mean of its two.
  const { data } = bilinear({ width: 2, height: 2, data: Float32Array.of(0, 4, 8, 20) }, { width: 3, height: 3 });
  expectClose(data, [0, 2, 4, 4, 8, 12, 8, 14, 20], 1e-5);
});

test("with aligned corners the outermost samples stay, and one sample is the first", () => {
  const map = { width: 3, height: 1, data: Float32Array.of(0, 4, 6) };
  const aligned = (width: number) => [...bilinear(map, { width, height: 1 }, undefined, { alignCorners: true }).data];
  expect(aligned(5)).toEqual([0, 2, 4, 5, 6]); // a step is (3 - 1) / (5 - 1) = 1/2 sample
  expect(aligned(2)).toEqual([0, 6]);
  expect(aligned(1)).toEqual([0]);
});

describeWith(["parity/clip/resize.safetensors"], "arrays resized by torch", async () => {
  const { tensors } = await readSafetensors(sharedPath("parity/clip/resize.safetensors"));
  const names = [...tensors.keys()].filter((name) => name.includes("torch_bilinear"));
  test.for(names)("%s", (name) => {
    const alignCorners = name.endsWith("corners");
    const [input, { shape, data }] = [tensors.get(`${name.split(".")[0]}.input`)!, tensors.get(name)!];
    const floats = Float32Array.from(input.data as Uint8Array, (level) => level / 255);
    const map = { width: input.shape[1]!, height: input.shape[0]!, data: floats };
    const resized = bilinear(map, { width: shape[1]!, height: shape[0]! }, undefined, { alignCorners });
    expectClose(resized.data, data as Float32Array, 1e-6, name); // measured 3e-7
  });
});

const anyFloats = fc
  .tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 2, max: 9 }))
  .chain(([width, height]) =>
    fc
      .float32Array({ minLength: width * height, maxLength: width * height, min: -20, max: 20, noNaN: true })
      .map((data) => ({ width, height, data })),
  );
const anySize = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });

test("values stay between the least and the largest", () => {
  fc.assert(
    fc.property(anyFloats, anySize, (map, size) => {
      const [least, largest] = [Math.min(...map.data), Math.max(...map.data)];
      return bilinear(map, size).data.every((value) => value >= least - 1e-5 && value <= largest + 1e-5);
    }),
  );
});

test("with aligned corners the four corners keep their values", () => {
  const atLeastTwo = fc.record({ width: fc.integer({ min: 2, max: 40 }), height: fc.integer({ min: 2, max: 40 }) });
  fc.assert(
    fc.property(anyFloats, atLeastTwo, (map, size) => {
      const cornersOf = ({ width, height, data }: typeof map) =>
        [0, width - 1, (height - 1) * width, height * width - 1].map((i) => data[i]!);
      const resized = bilinear(map, size, undefined, { alignCorners: true });
      expectClose(cornersOf(resized), cornersOf(map), 1e-3); // a position near 40 is off by 4e-6, a step between neighbours at most 40
    }),
  );
});

test("a part is resized as if it had been cut out", () => {
  fc.assert(
    fc.property(anyFloats, anySize, (map, size) => {
      const part = { x0: 1, y0: 1, x1: map.width, y1: map.height };
      const cut = { width: map.width - 1, height: map.height - 1, data: map.data.filter((_, i) => i % map.width > 0 && i >= map.width) };
      expect(bilinear(map, size, part).data).toEqual(bilinear(cut, size).data);
    }),
  );
});

test("mask logits reach the image's size", () => {
  const logits = { width: 256, height: 256, data: Float32Array.from({ length: 65536 }, (_, i) => (i % 256) - 128) };
  const large = bilinear(logits, { width: 1024, height: 1024 });
  const full = bilinear(large, { width: 640, height: 480 }, { x0: 0, y0: 0, x1: 1024, y1: 768 });
  expect([full.width, full.height]).toEqual([640, 480]);
  expect(full.data[320]).toBeCloseTo(-128 + (320.5 / 640) * 256 - 0.5, 3);
});
