import type { Point } from "../../image/types.ts";
import type { Plane } from "./source.ts";

/** Directions of the rows and columns of a plane, and across it. */
function axesOf({ orientation: o }: Plane) {
  const [row, column] = [o.slice(0, 3), o.slice(3)];
  const normal = [0, 1, 2].map((i) => {
    const [j, k] = [(i + 1) % 3, (i + 2) % 3];
    return row[j]! * column[k]! - row[k]! * column[j]!;
  });
  return { row, column, normal };
}

const dot = (a: readonly number[], b: readonly number[]) => a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;

/** The place of a point of a frame in the patient. @param point - in pixels, where a pixel's centre has whole coordinates */
export function inPatient({ x, y }: Point, plane: Plane): number[] {
  const { row, column } = axesOf(plane);
  const [betweenRows, betweenColumns] = plane.spacing;
  return plane.position.map((first, i) => first + x * betweenColumns! * row[i]! + y * betweenRows! * column[i]!);
}

/** The pixel coordinates of a place in the patient, projected onto a frame. */
export function inFrame(place: readonly number[], plane: Plane): Point {
  const { row, column } = axesOf(plane);
  const from = place.map((value, i) => value - plane.position[i]!);
  return { x: dot(from, row) / plane.spacing[1]!, y: dot(from, column) / plane.spacing[0]! };
}

/** Finds the slice that something lies on: the nearest one within half a step of it. */
export class SlicePlaces {
  private readonly heights: readonly number[];
  private readonly normal: readonly number[];
  private readonly single: number;

  /** @param single - thickness that a slice without neighbours counts with, in mm */
  constructor(planes: readonly Plane[], single: number) {
    this.normal = axesOf(planes[0]!).normal;
    this.heights = planes.map(({ position }) => dot(position, this.normal));
    this.single = single;
  }

  /** Distance of a place along the normal of the slices, in mm. */
  heightOf(place: readonly number[]): number {
    return dot(place, this.normal);
  }

  /** Number of the slice at a height, from 0; undefined if none is near enough. */
  at(height: number): number | undefined {
    const nearest = this.heights.reduce((best, own, i) => (Math.abs(own - height) < Math.abs(this.heights[best]! - height) ? i : best), 0);
    const own = this.heights[nearest]!;
    // The slice next to it on the side of the height; at an end that on the other side.
    const above = this.heights.filter((other) => (other - own) * (height - own) > 0).map((other) => Math.abs(other - own));
    const others = above.length > 0 ? above : this.heights.filter((other) => other !== own).map((other) => Math.abs(other - own));
    const step = others.length > 0 ? Math.min(...others) : this.single;
    return Math.abs(height - own) <= step / 2 ? nearest : undefined;
  }
}
