import { expect, test } from "vitest";
import { WeightsError } from "../errors.ts";
import { finite } from "./finite.ts";

test("an answer with NaN or infinity is no answer, whose mask would be empty", () => {
  const values = Float32Array.of(1, -2, 0);
  expect(finite(values, "the logits", "sam.pth")).toBe(values);
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
    values[1] = wrong;
    expect(() => finite(values, "the logits", "sam.pth")).toThrow(WeightsError);
    expect(() => finite(values, "the logits", "sam.pth")).toThrow(/"sam.pth": the logits are not finite numbers.*models verify/);
  }
});
