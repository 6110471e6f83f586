import type { ClassMaps } from "../image/class-maps.ts";
import { expectMaps, type MapShape } from "./_checked.ts";

/** Bits of each pixel, row-major [H, W], in [0, maxBits]. */
export interface EntropyMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
  /** The entropy of a pixel about which nothing is known: log2 K for K exclusive classes, 1 for each region. */
  readonly maxBits: number;
}

/** Probabilities are taken as at least this, so that 0 · log2 0 is 0 (the released tool gives NaN). */
export const leastProbability = 1e-12;

/** Bits of a pixel about which nothing is known. */
export const maxBitsOf = ({ count, areExclusive }: MapShape): number => (areExclusive ? Math.log2(count) : count);

/**
 * Entropy of the class probabilities of each pixel, in bits: H = -Σ_k p_k log2 p_k with p in [1e-12, 1].
 *
 * For regions it is the sum of the entropies of each region and its complement.
 *
 * @throws ShapeError, InputError for maps with other sizes than they state, or values that are not finite
 * @see Koleilat et al. 2024, arXiv:2409.19483, which takes the mean over checkpoints (`ensembleResult`)
 */
export function entropyMap(maps: ClassMaps<"probabilities">): EntropyMap {
  expectMaps("entropyMap", maps, maps);
  const bits = new Float64Array(maps.width * maps.height);
  addEntropy(maps.data, 1, maps, bits);
  return entropyMapOf(bits, maps);
}

/** Adds the entropy of each pixel to `into` [H, W]. @param values - [K, H, W]; times `share` they are probabilities */
export function addEntropy(values: Float32Array | Float64Array, share: number, shape: MapShape, into: Float64Array): void {
  const pixels = shape.width * shape.height;
  for (let k = 0; k < shape.count; k++) {
    for (let i = 0; i < pixels; i++) {
      const p = values[k * pixels + i]! * share;
      into[i]! += shape.areExclusive ? surprise(p) : surprise(p) + surprise(1 - p);
    }
  }
}

function surprise(probability: number): number {
  const p = Math.min(1, Math.max(leastProbability, probability));
  return -p * Math.log2(p);
}

/** Bits as a map; probabilities rounded to float32 may add up to more than 1, so values are clipped to [0, maxBits]. */
export function entropyMapOf(bits: Float64Array, shape: MapShape): EntropyMap {
  const { width, height } = shape;
  const maxBits = maxBitsOf(shape);
  const most = toFloat32Below(maxBits);
  return { width, height, maxBits, data: new Float32Array(bits.map((value) => Math.min(most, Math.max(0, value)))) };
}

/** The largest float32 that is not above a number. */
function toFloat32Below(value: number): number {
  const rounded = Math.fround(value);
  return rounded <= value ? rounded : Math.fround(value * (1 - 2 ** -24));
}

/** An entropy map as 16-bit levels, [H, W]: 65535 stands for `maxBits` (1 bit for two classes), 0 for no uncertainty. */
export function entropyLevels({ data, maxBits }: EntropyMap): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(data, (bits) => (maxBits > 0 ? Math.round((Math.min(maxBits, Math.max(0, bits)) / maxBits) * 65535) : 0));
}
