import { expect, test } from "vitest";
import { fnv1a, normal, uniform } from "./random.ts";

// Check values of the published recipe (an independent NumPy implementation).
test("FNV-1a gives the published check values", () => {
  expect(fnv1a("")).toBe(2166136261);
  expect(fnv1a("a")).toBe(3826002220);
  expect(fnv1a("1:visual.trunk.cls_token")).toBe(1785219870);
});

test("the uniform stream gives the published check values, also far from its start", () => {
  const stream = uniform("x", 1);
  expect([0, 1, 2].map((i) => stream.at(i))).toEqual([0.5129458957817405, 0.5772838336415589, 0.18553397431969643]);
  expect(stream.at(5_000_000)).toBe(0.22643025941215456);
});

test("normal deviates give the published check values to float32", () => {
  const expected = [
    0.3772415816783905, 1.6815537214279175, 0.5055751204490662, 0.5002062916755676, 1.5237057209014893, -0.14708656072616577,
  ];
  expect([...normal("m2ib/eps", 1, 6)]).toEqual(expected);
});

test("a stream made in parts equals the stream made at once", () => {
  const whole = normal("noise", 7, 10);
  expect([...normal("noise", 7, 4), ...normal("noise", 7, 6, 4)]).toEqual([...whole]);
});
