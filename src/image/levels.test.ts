import fc from "fast-check";
import { expect, test } from "vitest";
import { minMax, toByte, toGray } from "./levels.ts";

test("floats become bytes by rounding halves to even and saturating", () => {
  expect([0.5, 1.5, 2.5, 254.5, 255.7, -3, Number.NaN].map(toByte)).toEqual([0, 2, 2, 254, 255, 0, 0]);
});

test("a stored map has 255 where the map is 1", () => {
  // 0.3 in float32, times 255 in float32, is 76.5, and the even neighbour is 76.
  expect([...toGray({ width: 3, height: 1, data: Float32Array.of(0, 0.3, 1) }).data]).toEqual([0, 76, 255]);
});

test("min-max reaches 0 and 1, and a constant map gives zeros and says so", () => {
  expect(minMax(Float32Array.of(-2, 0, 2))).toEqual({ map: Float32Array.of(0, 0.5, 1), constant: false });
  expect(minMax(Float32Array.of(3, 3))).toEqual({ map: Float32Array.of(0, 0), constant: true });
});

test("min-max keeps the order of values within [0, 1]", () => {
  const values = fc.float32Array({ minLength: 2, min: -1000, max: 1000, noNaN: true });
  fc.assert(
    fc.property(values, (data) => {
      const { map, constant } = minMax(data);
      fc.pre(!constant);
      expect(Math.min(...map)).toBe(0);
      expect(Math.max(...map)).toBe(1);
      for (let i = 1; i < data.length; i++) if (data[i]! > data[i - 1]!) expect(map[i]).toBeGreaterThanOrEqual(map[i - 1]!);
    }),
  );
});
