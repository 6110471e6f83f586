import fc from "fast-check";
import { expect, test } from "vitest";
import { anyGray } from "../../test/support/pictures.ts";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import { ShapeError } from "../errors.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { type PillowFilter, pillowResize } from "./pillow-resize.ts";

const filters: PillowFilter[] = ["bilinear", "bicubic", "lanczos", "box", "nearest"];
const row = (...levels: number[]) => ({ width: levels.length, height: 1, data: Uint8Array.from(levels) });

test("box halves by the mean, and bilinear by a triangle twice as wide", () => {
  const levels = row(0, 0, 100, 200);
  expect([...pillowResize(levels, { width: 2, height: 1 }, "box").data]).toEqual([0, 150]);
  // c = 1, s = 2: weights 1 - |x + 0.5 - 1| / 2 at x = 0, 1, 2 are 0.75, 0.75, 0.25, of sum 1.75; mirrored at the other end.
  expect([...pillowResize(levels, { width: 2, height: 1 }, "bilinear").data]).toEqual([Math.round(25 / 1.75), Math.round(225 / 1.75)]);
});

test("bicubic overshoots beside an edge and is cut to 0..255", () => {
  const { data } = pillowResize(row(255, 255, 255, 0, 0, 0), { width: 24, height: 1 }, "bicubic");
  expect(data[8]).toBe(255);
  expect(data[15]).toBe(0);
  expect([...data].every((level, i) => i === 0 || level <= data[i - 1]!)).toBe(true);
});

describeWith(["parity/clip/resize.safetensors"], "arrays resized by Pillow", async () => {
  const { tensors } = await readSafetensors(sharedPath("parity/clip/resize.safetensors"));
  const names = [...tensors.keys()].filter((name) => name.includes(".pil_"));
  test.for(names)("%s is exact", (name) => {
    const [input, { shape, data }] = [tensors.get(`${name.split(".")[0]}.input`)!, tensors.get(name)!];
    const filter = name.split("_")[1] as PillowFilter;
    const image = { width: input.shape[1]!, height: input.shape[0]!, data: input.data as Uint8Array };
    const resized = pillowResize(image, { width: shape[1]!, height: shape[0]! }, filter);
    expect(resized.data).toEqual(data);
  });
  test("every filter has cases", () => {
    const filters = new Set(names.map((name) => name.split("_")[1]));
    expect(filters).toEqual(new Set(["bilinear", "bicubic", "lanczos", "box", "nearest"]));
  });
});

test("a picture of one level keeps it, with every filter and size", () => {
  const size = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(size, size, size, size, fc.nat(255), fc.constantFrom(...filters), (w, h, width, height, level, filter) => {
      const image = { width: w, height: h, data: new Uint8Array(w * h).fill(level) };
      return pillowResize(image, { width, height }, filter).data.every((value) => value === level);
    }),
  );
});

test("a window holds the same pixels as the whole", () => {
  fc.assert(
    fc.property(anyGray(12), fc.constantFrom(...filters), fc.nat(8), fc.nat(8), (image, filter, x0, y0) => {
      const size = { width: 17, height: 11 };
      const whole = pillowResize(image, size, filter);
      const part = pillowResize(image, size, filter, { x0, y0, x1: x0 + 3, y1: y0 + 2 });
      expect([part.width, part.height]).toEqual([3, 2]);
      expect([...part.data]).toEqual([0, 1].flatMap((y) => [0, 1, 2].map((x) => whole.data[(y0 + y) * 17 + x0 + x])));
    }),
  );
});

test("three channels are resized as each of them alone", () => {
  fc.assert(
    fc.property(anyGray(9), fc.constantFrom(...filters), (image, filter) => {
      const rgb = {
        ...image,
        data: Uint8Array.from({ length: image.data.length * 3 }, (_, i) => image.data[Math.floor(i / 3)]! ^ (i % 3)),
      };
      const size = { width: 7, height: 13 };
      const resized = pillowResize(rgb, size, filter).data;
      for (const c of [0, 1, 2]) {
        const alone = pillowResize({ ...image, data: image.data.map((level) => level ^ c) }, size, filter).data;
        expect(resized.filter((_, i) => i % 3 === c)).toEqual(alone);
      }
    }),
  );
});

test("a size of nothing, and data of another size, are errors that say so", () => {
  expect(() => pillowResize(row(1, 2), { width: 0, height: 4 }, "box")).toThrow("at least 1 x 1, got 0 x 4");
  expect(() => pillowResize({ width: 2, height: 2, data: new Uint8Array(7) }, { width: 1, height: 1 }, "box")).toThrow(ShapeError);
  const window = { x0: -1, y0: 0, x1: 2, y1: 1 };
  expect(() => pillowResize(row(1, 2), { width: 4, height: 1 }, "box", window)).toThrow("[-1, 0, 2, 1] must hold a pixel and lie in 4 x 1");
});
