/**
 * The released uncertainty tool, for `reference` mode: to compare with numbers that were made with it. Its threshold is that of
 * `uncertaintyModes.reference`. Where it gives NaN for probabilities of exactly 0, these functions do not (p is at least 1e-12).
 */
import { InputError, ShapeError } from "../errors.ts";
import type { ClassMaps } from "../image/class-maps.ts";
import type { Mask, Size } from "../image/types.ts";
import { expectMaps } from "./_checked.ts";
import { tTwoSided } from "./_student-t.ts";
import { entropyMap, leastProbability } from "./entropy.ts";
import { edgeOf, sumOf } from "./image-scores.ts";

/** The maps that the released tool has a name for. */
export type ReleasedMapName = "class_entropy" | "total_entropy" | "t_test";

/** A map of the released tool, row-major [H, W]. */
export interface ReleasedMap extends Size {
  readonly data: Float32Array;
}

/** Running sums over members for the released tool's maps: 40 bytes a pixel. */
export interface ReleasedSums extends Size {
  members: number;
  /** Mean of each class so far and the sum of squared differences from it (Welford), [2, H, W]. */
  readonly mean: Float64Array;
  readonly squares: Float64Array;
  /** -Σ p ln p of the background, [H, W]. */
  readonly backgroundEntropy: Float64Array;
}

/** Sums without a member. */
export function startReleased({ width, height }: Size): ReleasedSums {
  const pixels = width * height;
  const [mean, squares] = [new Float64Array(2 * pixels), new Float64Array(2 * pixels)];
  return { width, height, members: 0, mean, squares, backgroundEntropy: new Float64Array(pixels) };
}

/** Adds one member. @throws ShapeError for other maps than background and foreground of this size; InputError for values that are not finite */
export function addReleased(sums: ReleasedSums, maps: ClassMaps<"probabilities">): void {
  expectMaps("addReleased", maps, { width: sums.width, height: sums.height, count: 2, areExclusive: true });
  const { mean, squares, backgroundEntropy } = sums;
  const members = ++sums.members;
  for (let i = 0; i < maps.data.length; i++) {
    const difference = maps.data[i]! - mean[i]!;
    mean[i]! += difference / members;
    squares[i]! += difference * (maps.data[i]! - mean[i]!);
  }
  for (let i = 0; i < backgroundEntropy.length; i++) {
    const p = Math.min(1, Math.max(leastProbability, maps.data[i]!));
    backgroundEntropy[i]! -= p * Math.log(p);
  }
}

/**
 * A map of the released tool.
 *
 * - `class_entropy`: the entropy of the mean in bits.
 * - `total_entropy`: -Σ over members of p ln p of the background alone, in nats.
 * - `t_test`: the p-value of Welch's test between the members' foreground and background probabilities, **transposed** [W, H] as released.
 *   Where the members do not differ at all it is 0, or 1 if both classes have the same probability, where the released tool has NaN.
 *
 * @throws InputError without a member; for `t_test` with fewer than two
 */
export function releasedMap(sums: ReleasedSums, name: ReleasedMapName): ReleasedMap {
  const least = name === "t_test" ? 2 : 1;
  if (sums.members < least) throw new InputError(`releasedMap: ${name} needs at least ${least} members, got ${sums.members}.`);
  return released[name](sums);
}

const released: Readonly<Record<ReleasedMapName, (sums: ReleasedSums) => ReleasedMap>> = {
  class_entropy: ({ width, height, mean }) =>
    entropyMap({ kind: "probabilities", areExclusive: true, count: 2, width, height, data: Float32Array.from(mean) }),
  total_entropy: ({ width, height, backgroundEntropy }) => ({ width, height, data: Float32Array.from(backgroundEntropy) }),
  t_test: (sums) => transposed({ width: sums.width, height: sums.height, data: welch(sums) }),
};

function welch({ width, height, members, mean, squares }: ReleasedSums): Float32Array {
  const pixels = width * height;
  return Float32Array.from({ length: pixels }, (_, i) => {
    const difference = mean[pixels + i]! - mean[i]!;
    // The variance of each mean: s² / n with n - 1 in s².
    const [a, b] = [squares[pixels + i]!, squares[i]!].map((square) => square / (members - 1) / members) as [number, number];
    if (a + b === 0) return difference === 0 ? 1 : 0;
    const freedom = ((a + b) ** 2 * (members - 1)) / (a * a + b * b);
    return tTwoSided(difference / Math.sqrt(a + b), freedom);
  });
}

function transposed({ width, height, data }: ReleasedMap): ReleasedMap {
  const turned = new Float32Array(data.length);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) turned[x * height + y] = data[y * width + x]!;
  return { width: height, height: width, data: turned };
}

/**
 * The released score, 100 · Σ map / (255 · number of edge pixels): the edge is a difference of unsigned bytes, which wraps to 255.
 *
 * @param map - of any kind, also transposed: only its sum counts
 * @returns Infinity or NaN for a mask without an edge, as released
 * @throws ShapeError when map and mask have different numbers of pixels
 */
export function releasedScore(map: ReleasedMap, mask: Mask): number {
  if (map.data.length !== mask.data.length)
    throw new ShapeError(`releasedScore: map and mask must be of one image, got ${map.data.length} and ${mask.data.length} pixels.`);
  return (100 * sumOf(map.data)) / (255 * sumOf(edgeOf(mask).data));
}
