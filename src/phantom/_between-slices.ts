import { smoothField } from "../tensor/smooth-field.ts";
import type { Canvas } from "./_canvas.ts";
import type { Shape } from "./_shapes.ts";

/**
 * A shape between two others, at 0 the first and at 1 the second, by their depths: shape-based interpolation. A shape that one side lacks
 * closes there like a dome.
 *
 * @param absent - depth below its border at which a missing shape stands: the larger, the sooner it closes
 * @see Raya and Udupa 1990, Shape-based interpolation of multidimensional objects, IEEE Transactions on Medical Imaging 9
 */
export function between(a: Shape | undefined, b: Shape | undefined, t: number, absent: number): Shape | undefined {
  if (a === b || (a && t === 0)) return a;
  if (b && t === 1) return b;
  const [one, other] = [a ?? b!, b ?? a!];
  const [first, second] = [a?.depth ?? (() => -absent), b?.depth ?? (() => -absent)];
  const [u, v] = [(one.u + other.u) / 2, (one.v + other.v) / 2];
  return {
    u,
    v,
    reach: Math.max(one.reach, other.reach) + Math.hypot(one.u - other.u, one.v - other.v) / 2,
    depth: (pu, pv, pixel) => (1 - t) * first(pu, pv, pixel) + t * second(pu, pv, pixel),
  };
}

/** A shape as it lies on a canvas, its depth computed once for every pixel, so that slices can be drawn from it fast. */
export const drawnOnce = (canvas: Canvas, shape: Shape): Shape => canvas.fixed(shape, wholePicture);
/** Units of anatomy round a shape that no picture exceeds. */
const wholePicture = 5;

/** What a ball of this radius loses of its border in a plane `distance` from its centre; all where the plane misses it. */
export function capOf(radius: number, distance: number): number {
  const share = distance / radius;
  return Math.abs(share) >= 1 ? Number.POSITIVE_INFINITY : radius * (1 - Math.sqrt(1 - share * share));
}

/** Where a height lies between the two of some anchors that hold it, ascending: 0 at the first of them, 1 at the second. Beyond the last it is 1. */
export function placeAmong<Anchor extends { readonly height: number }>(
  height: number,
  anchors: readonly Anchor[],
): { readonly a: Anchor; readonly b: Anchor; readonly t: number } {
  const found = anchors.findIndex((anchor) => anchor.height >= height);
  const below = found < 0 ? anchors.length - 1 : Math.max(1, found);
  const [a, b] = [anchors[below - 1]!, anchors[below]!];
  const t = Math.min(1, Math.max(0, (height - a.height) / (b.height - a.height)));
  // Organs end round: from the first anchor and towards the last one they change slowly where they are large.
  if (below === 1) return { a, b, t: 1 - (1 - t) ** 2 };
  return { a, b, t: below === anchors.length - 1 ? t * t : t };
}

/** The height of the slice that is nearest to another height, so that what is small lies in a slice and not between two. */
export function nearestSlice(height: number, slices: number, lowest: number): number {
  const k = Math.round((1 - height / lowest) * slices - 0.5);
  return lowest * (1 - (Math.min(slices - 1, Math.max(0, k)) + 0.5) / slices);
}

/** A smooth random field that changes along the slices, too: about standard normal at each place. */
export class FieldOfSlices {
  private readonly knots = new Map<number, Float32Array>();
  private readonly draw: (knot: number) => Float32Array;
  private readonly length: number;

  /**
   * @param cells  - lengths of correlation along a row
   * @param length - the same across the slices, in the unit of the heights
   */
  constructor(name: string, seed: number, size: number, cells: number, length: number) {
    this.draw = (knot) => smoothField(`${name}/${knot}`, seed, size, cells);
    this.length = length;
  }

  /** The field of a slice [S · S]. @param height - increases from call to call, or falls: knots that were passed are let go */
  at(height: number): Float32Array {
    const place = height / this.length;
    const below = Math.floor(place);
    const t = place - below;
    for (const knot of this.knots.keys()) if (knot < below || knot > below + 1) this.knots.delete(knot);
    const [a, b] = [below, below + 1].map((knot) => {
      const field = this.knots.get(knot) ?? this.draw(knot);
      this.knots.set(knot, field);
      return field;
    }) as [Float32Array, Float32Array];
    const scale = 1 / Math.sqrt((1 - t) ** 2 + t ** 2); // two independent fields vary less than each
    return a.map((value, i) => scale * ((1 - t) * value + t * b[i]!));
  }
}
