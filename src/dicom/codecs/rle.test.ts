import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeRle, RleError } from "./rle.ts";

/** A frame of segments that are packed already. */
function frame(...segments: readonly (readonly number[])[]): Uint8Array {
  const data = new Uint8Array(64 + segments.flat().length);
  const view = new DataView(data.buffer);
  view.setUint32(0, segments.length, true);
  let at = 64;
  for (const [i, segment] of segments.entries()) {
    view.setUint32(4 + 4 * i, at, true);
    data.set(segment, at);
    at += segment.length;
  }
  return data;
}

test("segments hold the high bytes first; runs, literals and 128 (nothing) are unpacked", () => {
  const data = frame([254, 1], [2, 10, 20, 30]);
  expect([...decodeRle(data, { length: 3, channels: 1, bytes: 2 })]).toEqual([10, 1, 20, 1, 30, 1]);
  expect([...decodeRle(frame([128, 255, 7]), { length: 2, channels: 1, bytes: 1 })]).toEqual([7, 7]);
  expect([...decodeRle(frame([255, 1], [255, 2], [255, 3]), { length: 2, channels: 3, bytes: 1 })]).toEqual([1, 2, 3, 1, 2, 3]);
});

test("bytes beyond the image are ignored, missing ones are an error", () => {
  expect([...decodeRle(frame([253, 9]), { length: 2, channels: 1, bytes: 1 })]).toEqual([9, 9]);
  expect(() => decodeRle(frame([255, 9]), { length: 3, channels: 1, bytes: 1 })).toThrow("RLE segment 1 gives 2 bytes, expected 3");
  expect(() => decodeRle(frame([255, 9]), { length: 2, channels: 1, bytes: 2 })).toThrow("RLE data have 1 segments, expected 2");
  expect(() => decodeRle(frame([255, 9]), { length: 1e9, channels: 1, bytes: 1 })).toThrow("are too few for 1000000000");
});

test("damaged data are an error and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 200 }), fc.integer({ min: 1, max: 3 }), (bytes, channels) => {
      const data = Uint8Array.from(bytes);
      if (data.length > 4) data.set([channels, 0, 0, 0]);
      try {
        expect(decodeRle(data, { length: 50, channels, bytes: 1 })).toHaveLength(50 * channels);
      } catch (error) {
        expect(error).toBeInstanceOf(RleError);
      }
    }),
  );
});
