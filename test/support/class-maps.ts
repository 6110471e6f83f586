import fc from "fast-check";
import type { ClassMaps } from "../../src/image/class-maps.ts";

/** Probability maps of exclusive classes from the classes' values of each pixel in a row. */
export function probabilityRow(...pixels: readonly (readonly number[])[]): ClassMaps<"probabilities"> {
  const count = pixels[0]!.length;
  const data = Float32Array.from({ length: count * pixels.length }, (_, i) => pixels[i % pixels.length]![Math.floor(i / pixels.length)]!);
  return { kind: "probabilities", areExclusive: true, count, width: pixels.length, height: 1, data };
}

/** Two classes in a row, from the probability of the foreground. */
export const foregroundRow = (...values: readonly number[]): ClassMaps<"probabilities"> => probabilityRow(...values.map((p) => [1 - p, p]));

/** Logits of between 1 and `most` members, all of one small size with two to four classes. */
export const anyMembers = (most = 5): fc.Arbitrary<ClassMaps<"logits">[]> =>
  fc
    .record({ width: fc.integer({ min: 1, max: 6 }), height: fc.integer({ min: 1, max: 6 }), count: fc.integer({ min: 2, max: 4 }) })
    .chain(({ width, height, count }) => {
      const length = count * width * height;
      const values = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: length, maxLength: length });
      const maps = values.map(
        (data): ClassMaps<"logits"> => ({
          ...{ kind: "logits", areExclusive: true, count, width, height },
          data: Float32Array.from(data),
        }),
      );
      return fc.array(maps, { minLength: 1, maxLength: most });
    });

/** Maps mirrored left to right. */
export function mirroredMaps<T extends { readonly width: number; readonly data: Float32Array }>(maps: T): T {
  const { width } = maps;
  return { ...maps, data: maps.data.map((_, i) => maps.data[i - (i % width) + width - 1 - (i % width)]!) };
}
