import fc from "fast-check";
import { expect, test } from "vitest";
import type { GrayImage } from "../image/types.ts";
import { detailCorrelation } from "./_frequencies.ts";
import { fingerprint } from "./fingerprint.ts";
import { hammingDistance, hexOf, turnedThumbnail, turns } from "./perceptual-hash.ts";

/** A picture by a formula of integers, which NumPy computes alike. */
function picture(width: number, height: number, level: (x: number, y: number) => number): GrayImage {
  return { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => level(i % width, Math.floor(i / width)) & 255) };
}
const formula = (width: number, height: number, k: number) =>
  picture(width, height, (x, y) => x * (3 + k) + y * (5 + 2 * k) + ((x * y) >> (4 + k)));

const wholeHash = (image: GrayImage) => fingerprint(image)[0]!.hashes[0]!;

// imagehash.phash of the same pictures: ImageHash 4.3.2, Pillow 13.0.0, SciPy 1.17.1, NumPy 2.4.6.
test.each([
  [32, 32, 0, "932c5ba54a956b56"],
  [100, 80, 1, "c7e907e9070d5a56"],
  [37, 200, 2, "bf80bd82bd82bd82"],
  [320, 240, 3, "80df88df00ff00ef"],
])("the hash of a %i x %i picture is that of ImageHash", (width, height, k, expected) => {
  expect(hexOf(wholeHash(formula(width, height, k)))).toBe(expected);
});

test("the hash of a large smooth picture is that of ImageHash", () => {
  const large = picture(640, 512, (x, y) => ((x * x) >> 9) + ((y * 3) >> 2) + ((x * y) >> 10));
  expect(hexOf(wholeHash(large))).toBe("830e010efcb12bff");
});

test("the hash of a picture in colours is that of ImageHash", () => {
  const [width, height] = [90, 64];
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    data.set([(x * 3 + y) & 255, (y * 5 + ((x * y) >> 5)) & 255, (((x * x) >> 6) + (y >> 1)) & 255], 3 * i);
  }
  expect(hexOf(fingerprint({ width, height, data })[0]!.hashes[0]!)).toBe("96252b7e813f620f");
});

test("the distance is the number of bits that differ", () => {
  expect(hammingDistance({ high: 0xffffffff, low: 1 }, { high: 0, low: 3 })).toBe(33);
});

const squares = fc.uint8Array({ minLength: 1024, maxLength: 1024 }).map((data): GrayImage => ({ width: 32, height: 32, data }));

test("the hashes of turns are the hashes of turned pictures", () => {
  fc.assert(
    fc.property(squares, fc.integer({ min: 0, max: 7 }), (image, turn) => {
      const [view] = fingerprint(image);
      const { levels } = turnedThumbnail(view!.thumbnail, turn);
      expect(hexOf(wholeHash({ width: 32, height: 32, data: levels }))).toBe(hexOf(view!.hashes[turn]!));
    }),
    { numRuns: 40 },
  );
});

test("turns do what their names say", () => {
  const levels = new Uint8Array(1024);
  levels[1] = 9; // the second pixel of the top row
  const frequencies = new Float64Array(64);
  const places = turns.map((_, turn) => turnedThumbnail({ levels, frequencies }, turn).levels.indexOf(9));
  const at = (row: number, column: number): number => 32 * row + column;
  // The top row becomes the bottom row at 180 degrees, the right column clockwise, the left column counter-clockwise.
  expect(places).toEqual([at(0, 1), at(0, 30), at(31, 1), at(31, 30), at(1, 0), at(1, 31), at(30, 0), at(30, 31)]);
});

test("the correlation of detail is that of the pictures without their low frequencies", () => {
  fc.assert(
    fc.property(squares, squares, (a, b) => {
      const [first, second] = [fingerprint(a)[0]!.thumbnail, fingerprint(b)[0]!.thumbnail];
      const [detailA, detailB] = [detail(a.data), detail(b.data)];
      const product = (u: number[], v: number[]) => u.reduce((sum, value, i) => sum + value * v[i]!, 0);
      const expected = product(detailA, detailB) / Math.sqrt(product(detailA, detailA) * product(detailB, detailB));
      expect(detailCorrelation(first, second)).toBeCloseTo(expected, 8);
    }),
    { numRuns: 5 },
  );
});

/** What is left of 32 x 32 levels when each of the 64 lowest cosines is projected out, one by one. */
function detail(levels: Uint8Array): number[] {
  const rest = Array.from(levels);
  for (let v = 0; v < 8; v++)
    for (let u = 0; u < 8; u++) {
      const wave = rest.map(
        (_, i) => Math.cos((Math.PI * v * (2 * Math.floor(i / 32) + 1)) / 64) * Math.cos((Math.PI * u * (2 * (i % 32) + 1)) / 64),
      );
      const squares = wave.reduce((sum, value) => sum + value * value, 0);
      const share = wave.reduce((sum, value, i) => sum + value * rest[i]!, 0) / squares;
      for (let i = 0; i < rest.length; i++) rest[i]! -= share * wave[i]!;
    }
  return rest;
}

test("an image without contrast has no views: it would equal any other", () => {
  expect(fingerprint({ width: 40, height: 40, data: new Uint8Array(1600).fill(7) })).toEqual([]);
});

test("a picture that was padded with black, or cut to its central square, shares a view with the whole", () => {
  const image = formula(96, 64, 1);
  const bright = { ...image, data: image.data.map((level) => 40 + Math.floor(level / 2)) };
  const padded = { width: 96, height: 96, data: new Uint8Array(96 * 96) };
  padded.data.set(bright.data, 16 * 96);
  const square = { width: 64, height: 64, data: new Uint8Array(64 * 64) };
  for (let y = 0; y < 64; y++) square.data.set(bright.data.subarray(96 * y + 16, 96 * y + 80), 64 * y);
  const hashesOf = (one: GrayImage) => fingerprint(one).map(({ name, hashes }) => [name, hexOf(hashes[0]!)]);
  const [whole, centre] = hashesOf(bright);
  expect(hashesOf(padded).slice(1)).toEqual([["without dark borders", whole![1]], centre]);
  expect(hashesOf(square)).toEqual([["whole image", centre![1]]]);
});
