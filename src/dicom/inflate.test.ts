import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { inflated } from "./inflate.ts";

const zeros = deflateRawSync(new Uint8Array(2 ** 20));

test("raw deflate data give what was deflated", () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) % 251);
  expect(Buffer.compare(inflated(deflateRawSync(bytes), bytes.length), bytes)).toBe(0);
});

test("data that inflate beyond the limit are refused, as are those that are cut off", () => {
  expect(() => inflated(zeros, 2 ** 20 - 1)).toThrow(`more than ${2 ** 20 - 1} bytes`);
  expect(() => inflated(zeros.subarray(0, zeros.length / 2), 2 ** 20)).toThrow();
});
