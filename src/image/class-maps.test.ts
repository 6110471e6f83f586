import { expect, test } from "vitest";
import { type ClassMaps, largestClass, probabilitiesOf } from "./class-maps.ts";

const logits = (areExclusive: boolean, ...data: number[]): ClassMaps<"logits"> => ({
  ...{ kind: "logits", areExclusive, count: 2, width: data.length / 2, height: 1, data: Float32Array.from(data) },
});

test("classes share each pixel by softmax, also where logits are large", () => {
  const { data, kind } = probabilitiesOf(logits(true, 0, 1000, -1000, Math.log(3), 1000, 0));
  expect(kind).toBe("probabilities");
  for (const [i, value] of [0.25, 0.5, 0, 0.75, 0.5, 1].entries()) expect(data[i]).toBeCloseTo(value, 6);
});

test("regions have a sigmoid each", () => {
  const { data } = probabilitiesOf(logits(false, 0, Math.log(3)));
  expect([...data]).toEqual([0.5, 0.75]);
});

test("of equal classes the lowest wins", () => {
  expect([...largestClass(logits(true, 1, 0, 1, 1, 2, 0)).data]).toEqual([0, 1, 0]);
});

test("regions have no largest class", () => {
  expect(() => largestClass(logits(false, 1, 2))).toThrow("may overlap");
});
