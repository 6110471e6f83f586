import fc from "fast-check";
import type { ClassMaps } from "../../src/image/class-maps.ts";
import { type RandomStream, uniform } from "../../src/tensor/random.ts";

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
    .record({
      ...{ width: fc.integer({ min: 1, max: 6 }), height: fc.integer({ min: 1, max: 6 }), count: fc.integer({ min: 2, max: 4 }) },
      ...{ members: fc.integer({ min: 1, max: most }), seed: fc.nat() },
    })
    .map(({ members, seed, ...size }) => Array.from({ length: members }, (_, i) => drawnLogits(uniform(`member/${i}`, seed), size)));

function drawnLogits(
  stream: RandomStream,
  size: { readonly width: number; readonly height: number; readonly count: number },
): ClassMaps<"logits"> {
  // Mostly within 10, some far beyond where a probability is 0 or 1, and some alike.
  const logit = (u: number): number => (u < 0.1 ? 0 : u < 0.15 ? -150 : u < 0.2 ? 150 : 25 * u - 15);
  const data = Float32Array.from({ length: size.count * size.width * size.height }, (_, i) => logit(stream.at(i)));
  return { kind: "logits", areExclusive: true, ...size, data };
}

/** Maps mirrored left to right. */
export function mirroredMaps<T extends { readonly width: number; readonly data: Float32Array }>(maps: T): T {
  const { width } = maps;
  return { ...maps, data: maps.data.map((_, i) => maps.data[i - (i % width) + width - 1 - (i % width)]!) };
}
