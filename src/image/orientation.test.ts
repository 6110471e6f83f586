import fc from "fast-check";
import sharp from "sharp";
import { expect, test } from "vitest";
import { ShapeError } from "../errors.ts";
import { type Orientation, orientationOf, turnBack, turnedSize, turnUpright } from "./orientation.ts";

const orientations: Orientation[] = [1, 2, 3, 4, 5, 6, 7, 8];

/** a b c
 *  d e f */
const stored = { width: 3, height: 2, data: Uint8Array.from([..."abcdef"].map((letter) => letter.charCodeAt(0))) };

test.each<[Orientation, string]>([
  [1, "abc def"],
  [2, "cba fed"],
  [3, "fed cba"],
  [4, "def abc"],
  [5, "ad be cf"],
  [6, "da eb fc"],
  [7, "fc eb da"],
  [8, "cf be ad"],
])("orientation %d shows abc/def as %s", (orientation, rows) => {
  const { width, height, data } = turnUpright(stored, orientation);
  const letters = String.fromCharCode(...data);
  expect(Array.from({ length: height }, (_, y) => letters.slice(y * width, (y + 1) * width)).join(" ")).toBe(rows);
  expect({ width, height }).toEqual(turnedSize(stored, orientation));
});

test.each(orientations)("orientation %d turns a picture as libvips does", async (orientation) => {
  const data = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => (i * 37) % 256);
  const file = await sharp(data, { raw: { width: 5, height: 3, channels: 3 } })
    .withMetadata({ orientation })
    .png()
    .toBuffer();
  const { data: expected, info } = await sharp(file).autoOrient().raw().toBuffer({ resolveWithObject: true });
  const turned = turnUpright({ width: 5, height: 3, data }, orientation);
  expect([turned.width, turned.height, ...turned.data]).toEqual([info.width, info.height, ...expected]);
});

test("what is turned back lies as before, in pictures and in maps", () => {
  const side = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(side, side, fc.constantFrom(1, 3), fc.constantFrom(...orientations), (width, height, channels, orientation) => {
      const length = width * height * channels;
      for (const data of [Uint8Array.from({ length }, (_, i) => i), Float32Array.from({ length }, (_, i) => i / 7)]) {
        const picture = { width, height, data };
        expect(turnBack(turnUpright(picture, orientation), orientation)).toEqual(picture);
        expect(turnUpright(turnBack(picture, orientation), orientation)).toEqual(picture);
      }
    }),
  );
});

test("samples that do not fit the size are refused", () => {
  expect(() => turnUpright({ ...stored, width: 4 }, 6)).toThrow(ShapeError);
});

test("numbers that mean no orientation count as upright", () => {
  expect([undefined, 0, 1, 6, 9, 2.5].map(orientationOf)).toEqual([1, 1, 1, 6, 1, 1]);
});
