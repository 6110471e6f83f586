import { isoContours } from "../../../image/iso-contours.ts";
import type { Mask, Point } from "../../../image/types.ts";

/** Measures of a mask in a plane. */
export interface MaskMeasures {
  readonly areaMm2: number;
  /** Largest distance of two points of its outline. */
  readonly longAxisMm: number;
  /** Extent at right angles to the long axis. */
  readonly shortAxisMm: number;
}

/**
 * Area and diameters of a mask: pixels times their size; distances between corners of its contours at 0.5, which run midway between pixels. Of
 * several longest distances the one that rises most to the right is the long axis.
 *
 * @param spacing - mm [between rows, between columns]
 * @returns undefined for an empty mask
 */
export function measureMask(mask: Mask, [betweenRows, betweenColumns]: readonly [row: number, column: number]): MaskMeasures | undefined {
  const pixels = mask.data.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
  if (pixels === 0) return undefined;
  const corners = isoContours(mask).flat();
  const hull = convexHull(corners.map(({ x, y }) => ({ x: x * betweenColumns, y: y * betweenRows })));
  // The points of the hull go from left to right, so that no step has a negative x.
  const ordered = [...hull].sort((a, b) => a.x - b.x);
  const steps = ordered.flatMap((a, i) =>
    ordered.slice(i + 1).map((b) => ({ x: b.x - a.x, y: b.y - a.y, length: Math.hypot(b.x - a.x, b.y - a.y) })),
  );
  const longest = Math.max(...steps.map(({ length }) => length));
  const equal = steps.filter(({ length }) => length >= longest * (1 - equalShare));
  const { x, y, length } = equal.reduce((best, step) => (step.y < best.y ? step : best));
  const across = hull.map((point) => (point.y * x - point.x * y) / length);
  return {
    areaMm2: pixels * betweenRows * betweenColumns,
    longAxisMm: longest,
    shortAxisMm: Math.max(...across) - Math.min(...across),
  };
}

/** Share by which equal lengths can differ in floating point. */
const equalShare = 1e-9;

/** The corners of the smallest convex polygon around points, by Andrew's monotone chain. */
function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
  const half = (ordered: readonly Point[]) => {
    const chain: Point[] = [];
    for (const point of ordered) {
      while (chain.length > 1 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half([...sorted].reverse())];
}

const turn = (a: Point, b: Point, c: Point) => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
