import { expect, test } from "vitest";
import { ByteCache } from "./byte-cache.ts";

test("what was not asked for the longest goes first, and only when the bytes do not fit", () => {
  const cache = new ByteCache<Uint8Array>(10, ({ length }) => length);
  cache.set(1, new Uint8Array(4));
  cache.set(2, new Uint8Array(4));
  expect(cache.get(1)).toHaveLength(4);
  cache.set(3, new Uint8Array(4));
  expect([1, 2, 3].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true]);
  cache.set(3, new Uint8Array(6)); // replaces what was there
  expect([1, 3].map((key) => cache.get(key)?.length)).toEqual([4, 6]);
});

test("what does not fit by itself is not kept", () => {
  const cache = new ByteCache<Uint8Array>(10, ({ length }) => length);
  cache.set(1, new Uint8Array(11));
  expect(cache.get(1)).toBeUndefined();
});
