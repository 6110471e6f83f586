import { median, percentile, roundHalfEven } from "./numpy.ts";
import type { Fingerprint, Triple } from "./types.ts";

/** What all cases are resampled to. */
export interface Target {
  /** Millimetres. */
  readonly spacing: Triple;
  /** Median over the cases of their shapes at this spacing; may end in .5. */
  readonly shape: Triple;
}

/** An axis is anisotropic if its spacing is more than this many times that of the others, and its pixels fewer by the same factor. */
const anisotropy = 3;

/**
 * The spacing that nnU-Net plans with: the median of each axis; of the coarsest one, if it is anisotropic, the 10th percentile, but not below the others.
 *
 * For 2D images the coarsest axis is that of the slices. Where spacings differ its size can come out as 2 and more: nnU-Net then counts that
 * many times the pixels, and so does this.
 */
export function targetOf({ spacings, shapes }: Pick<Fingerprint, "spacings" | "shapes">): Target {
  const medianShape = byAxis((axis) => percentile(column(shapes, axis), 50));
  const spacing = [...byAxis((axis) => percentile(column(spacings, axis), 50))];
  const worst = axes.reduce((a, b) => (spacing[b]! > spacing[a]! ? b : a));
  const others = axes.filter((axis) => axis !== worst);
  const coarsestOther = Math.max(...others.map((axis) => spacing[axis]!));
  const isCoarser = spacing[worst]! > anisotropy * coarsestOther;
  const isSmaller = medianShape[worst]! * anisotropy < Math.min(...others.map((axis) => medianShape[axis]));
  if (isCoarser && isSmaller) {
    const finer = percentile(column(spacings, worst), 10);
    spacing[worst] = finer < coarsestOther ? coarsestOther + 1e-5 : finer;
  }
  const resampled = shapes.map((shape, i) => byAxis((axis) => roundHalfEven((spacings[i]![axis] / spacing[axis]!) * shape[axis])));
  return { spacing: byAxis((axis) => spacing[axis]!), shape: medianOf(resampled) };
}

/** A target of larger spacing whose median image has at most so many pixels along its longer side. */
export function coarserTarget(target: Target, longestSide = Number.POSITIVE_INFINITY): Target {
  const { shape, spacing } = target;
  const factor = Math.max(1, Math.max(shape[1], shape[2]) / longestSide);
  if (factor === 1) return target;
  return {
    shape: [shape[0], roundHalfEven(shape[1] / factor), roundHalfEven(shape[2] / factor)],
    spacing: [spacing[0], spacing[1] * factor, spacing[2] * factor],
  };
}

/** The median of each axis. */
export const medianOf = (triples: readonly Triple[]): Triple => byAxis((axis) => median(column(triples, axis)));

const axes = [0, 1, 2] as const;
type Axis = (typeof axes)[number];

const byAxis = (value: (axis: Axis) => number): Triple => [value(0), value(1), value(2)];

const column = (triples: readonly Triple[], axis: Axis): number[] => triples.map((triple) => triple[axis]);
