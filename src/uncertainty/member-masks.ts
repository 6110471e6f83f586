import { ConfigError } from "../errors.ts";
import { type ClassMaps, largestClass } from "../image/class-maps.ts";
import type { Mask } from "../image/types.ts";

/** Checks a threshold of probabilities. @throws ConfigError when it is not in [0, 1) */
export function checkedThreshold(threshold: number, where: string): number {
  if (threshold >= 0 && threshold < 1) return threshold;
  throw new ConfigError(`${where}: the threshold must be in [0, 1), got ${threshold}.`);
}

/**
 * The foreground of probability maps: of two classes where the second exceeds the threshold, of more where another class than the
 * background is the largest, of regions where any exceeds the threshold.
 *
 * @param options.threshold - default 0.5; 0.2 in `reference` mode (`uncertaintyModes`)
 */
export function foregroundMask(maps: ClassMaps<"probabilities">, options: { readonly threshold?: number } = {}): Mask {
  const { width, height } = maps;
  const threshold = checkedThreshold(options.threshold ?? 0.5, "foregroundMask");
  const data = new Uint8Array(width * height);
  eachForeground(maps, threshold, (_, pixel) => {
    data[pixel] = 1;
  });
  return { width, height, data };
}

/** Number of foreground masks: one for each class but the background, or for each region. */
const foregrounds = ({ count, areExclusive }: ClassMaps): number => (areExclusive ? count - 1 : count);

/** Calls back for each pixel of each foreground. */
function eachForeground(maps: ClassMaps<"probabilities">, threshold: number, found: (foreground: number, pixel: number) => void): void {
  const pixels = maps.width * maps.height;
  if (maps.areExclusive && maps.count !== 2) {
    const { data: labels } = largestClass(maps);
    for (let i = 0; i < pixels; i++) if (labels[i]! > 0) found(labels[i]! - 1, i);
    return;
  }
  const first = maps.count - foregrounds(maps);
  for (let k = first; k < maps.count; k++) for (let i = 0; i < pixels; i++) if (maps.data[k * pixels + i]! > threshold) found(k - first, i);
}

/** The foreground masks of one member, a bit for each pixel: 32 times smaller than its maps. */
export type MaskBits = readonly Uint32Array[];

/** The masks of a member, by the rule of `foregroundMask`. */
export function maskBits(maps: ClassMaps<"probabilities">, threshold: number): MaskBits {
  const words = Math.ceil((maps.width * maps.height) / 32);
  const bits = Array.from({ length: foregrounds(maps) }, () => new Uint32Array(words));
  eachForeground(maps, threshold, (foreground, pixel) => {
    bits[foreground]![pixel >>> 5]! |= 1 << (pixel & 31);
  });
  return bits;
}

/**
 * Mean DSC over all pairs of members: how far they agree on the mask, in [0, 1]. Of several foregrounds the mean over them; two empty masks agree.
 *
 * @returns null for fewer than two members
 * @see Roy et al. 2019, arXiv:1811.09800; Zenk et al. 2025, arXiv:2406.03323, where it is the best single score for failures of segmentation
 */
export function meanPairwiseDice(members: readonly MaskBits[]): number | null {
  if (members.length < 2) return null;
  const sizes = members.map((masks) => masks.map((mask) => count(mask)));
  let [sum, pairs] = [0, 0];
  for (let a = 0; a < members.length; a++) {
    for (let b = a + 1; b < members.length; b++) {
      for (let k = 0; k < members[a]!.length; k++, pairs++) {
        const total = sizes[a]![k]! + sizes[b]![k]!;
        sum += total === 0 ? 1 : (2 * count(members[a]![k]!, members[b]![k]!)) / total;
      }
    }
  }
  return sum / pairs;
}

/** Number of bits set, in both where two are given. */
function count(mask: Uint32Array, other: Uint32Array = mask): number {
  let sum = 0;
  for (let i = 0; i < mask.length; i++) {
    let word = mask[i]! & other[i]!;
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    sum += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return sum;
}
