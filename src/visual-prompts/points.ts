import type { LabelledPoint, Mask, Point } from "../image/index.ts";
import type { RandomStream } from "../tensor/random.ts";

/** How points are drawn from a mask. */
export interface PointOptions {
  /** How many on the mask (label 1); all of them where the mask has fewer pixels. */
  readonly count: number;
  /** How many off the mask (label 0). */
  readonly negative: number;
  readonly random: RandomStream;
}

/**
 * The pixels that a point may be drawn from, column by column (x outer, y inner), as flat row-major indices.
 *
 * @param foreground - true: the non-zero pixels; false: the zero ones
 */
export function pointCandidates({ width, height, data }: Mask, foreground: boolean): Uint32Array<ArrayBuffer> {
  let count = 0;
  for (let i = 0; i < data.length; i++) if ((data[i] !== 0) === foreground) count++;
  const candidates = new Uint32Array(count);
  for (let x = 0, n = 0; x < width; x++) {
    for (let y = 0, i = x; y < height; y++, i += width) if ((data[i] !== 0) === foreground) candidates[n++] = i;
  }
  return candidates;
}

/**
 * Points on the mask, then points off it, each drawn uniformly without replacement.
 *
 * A partial Fisher-Yates shuffle of the n candidates: draw k swaps candidate k with candidate k + floor(u · (n - k)) and takes it.
 * Positive draw k uses u(k), negative draw k uses u(count + k), so the same seed gives the same points.
 */
export function pointsOf(mask: Mask, { count, negative, random }: PointOptions): LabelledPoint[] {
  const positives = draw(mask, pointCandidates(mask, true), count, random, 0).map((point) => ({ ...point, label: 1 as const }));
  if (negative === 0) return positives;
  const negatives = draw(mask, pointCandidates(mask, false), negative, random, count).map((point) => ({ ...point, label: 0 as const }));
  return [...positives, ...negatives];
}

function draw({ width }: Mask, candidates: Uint32Array, count: number, random: RandomStream, offset: number): Point[] {
  const points: Point[] = [];
  const n = candidates.length;
  for (let k = 0; k < Math.min(count, n); k++) {
    const chosen = k + Math.floor(random.at(offset + k) * (n - k));
    const index = candidates[chosen]!;
    candidates[chosen] = candidates[k]!;
    points.push({ x: index % width, y: Math.floor(index / width) });
  }
  return points;
}
