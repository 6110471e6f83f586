import fc from "fast-check";
import { expect, test } from "vitest";
import { packTexts } from "./pack-texts.ts";

/** A text of so many tokens, ids from 1 on. */
const text = (length: number): number[] => Array.from({ length }, (_, i) => i + 1);

test("each text lies in one piece in one row, with places of its own", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 40 }), (lengths) => {
      const { rows, length, feeds } = packTexts(lengths.map(text));
      const used = new Uint8Array(rows * length);
      for (const [i, first] of Array.from(feeds.read.data as BigInt64Array, Number).entries()) {
        expect((first % length) + lengths[i]!).toBeLessThanOrEqual(length);
        for (let k = 0; k < lengths[i]!; k++) {
          expect(Number(feeds.ids.data[first + k])).toBe(k + 1);
          expect(Number(feeds.places.data[first + k])).toBe(k);
          expect(used[first + k]!++).toBe(0);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test("tokens see their own text alone", () => {
  const { length, feeds } = packTexts([text(3), text(2)]);
  expect([length, feeds.ids.shape[0]]).toEqual([16, 1]);
  const sees = (a: number, b: number) => feeds.mask.data[a * length + b] === 0;
  expect([0, 1, 2, 3, 4, 5].map((b) => sees(1, b))).toEqual([true, true, true, false, false, false]);
  expect([0, 1, 2, 3, 4, 5].map((b) => sees(4, b))).toEqual([false, false, false, true, true, false]);
  expect([0, 3].map((b) => feeds.readMask.data[length + b] === 0)).toEqual([false, true]); // of text 1
});

test("little is padded: captions of 22 to 66 tokens fill more than nine tenths of their rows", () => {
  const lengths = Array.from({ length: 16 }, (_, i) => Math.floor(45 * (0.5 + (i + 0.5) / 16)));
  const { rows, length } = packTexts(lengths.map(text));
  expect(lengths.reduce((sum, n) => sum + n, 0) / (rows * length)).toBeGreaterThan(0.9);
});

test("a text without tokens is named", () => {
  expect(() => packTexts([text(3), []])).toThrow("text 1 has no tokens");
});
