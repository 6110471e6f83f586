import fc from "fast-check";
import { expect, test } from "vitest";
import { cosOfTurn, logOfRest, roughCosOfTurn, roughRadius } from "./_box-muller.ts";

const h = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const numRuns = 20_000;

test("the logarithm is Math's to the last digits, also where it is near 0", () => {
  const check = (at: number) => {
    const expected = Math.log1p(-at / 2 ** 32);
    expect(Math.abs(logOfRest(at) - expected)).toBeLessThanOrEqual(1e-15 * Math.abs(expected));
  };
  for (let k = 0; k < 32; k++) [2 ** k - 1, 2 ** k, 2 ** 32 - 2 ** k, 2 ** 32 - 2 ** k - 1].filter((at) => at >= 0).forEach(check);
  for (let j = 0; j < 8192; j++) check(j * 2 ** 19 + (j % 3));
  fc.assert(fc.property(h, check), { numRuns });
});

test("the cosine is Math's to the last digits", () => {
  const check = (at: number) => {
    expect(Math.abs(cosOfTurn(at) - Math.cos((2 * Math.PI * at) / 2 ** 32))).toBeLessThan(1e-15);
  };
  for (let j = 0; j < 4096; j++) check(j * 2 ** 20);
  check(2 ** 32 - 1);
  fc.assert(fc.property(h, check), { numRuns });
});

test("the rough functions are near, and the radius is exact where it is steep", () => {
  const radius = (at: number) => Math.sqrt(-2 * logOfRest(at));
  const check = (at: number) => {
    expect(Math.abs(roughRadius(at) - radius(at))).toBeLessThan(at < 2 ** 20 ? 0.006 : 1e-3);
    expect(Math.abs(roughCosOfTurn(at) - cosOfTurn(at))).toBeLessThan(1e-5);
  };
  for (let j = 0; j < 8192; j++) check(j * 2 ** 19 + (j % 3));
  for (const at of [0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 32 - 1]) check(at);
  expect(roughRadius(2 ** 32 - 1)).toBe(radius(2 ** 32 - 1));
  fc.assert(fc.property(h, check), { numRuns });
});
