import type { LabelMap, Planes } from "../../augment/index.ts";
import type { RandomStream } from "../../tensor/random.ts";
import type { TrainingCase } from "./case.ts";
import { cornerRange, type Extent } from "./patches.ts";

/** A part of a case, which may reach beyond its edges: there the image is 0 and the label -1. */
export interface Crop {
  readonly image: Planes;
  readonly labels: LabelMap;
}

export interface CropOptions {
  /** Size of the crop. */
  readonly initial: Extent;
  /** Size of the patch that is sampled from it. */
  readonly final: Extent;
  /** Whether the crop must contain foreground, where the case has any. */
  readonly isForced: boolean;
}

/**
 * Draws the top left corner of a crop. A forced crop has its middle at a pixel of a foreground class, of those that the case has with equal
 * probability; it may reach beyond the image's far edges as far as that asks for. With an ignore label the other crops have their middle at
 * a pixel that is annotated, as most of an image may not be.
 */
export function drawCorner(one: TrainingCase, u: RandomStream, { initial, final, isForced }: CropOptions): readonly [y: number, x: number] {
  const [rows, columns] = [0, 1].map((axis) =>
    cornerRange({ size: axis === 0 ? one.height : one.width, initial: initial[axis]!, final: final[axis]! }),
  ) as [readonly [number, number], readonly [number, number]];
  const present = one.classLocations.filter(({ length }) => length > 0);
  const pixels = isForced ? (oneOf(present, u.at(0)) ?? one.annotated) : one.annotated;
  const pixel = pixels && oneOf(pixels, u.at(1));
  if (pixel === undefined) return [whole(rows, u.at(2)), whole(columns, u.at(3))];
  const [y, x] = [Math.floor(pixel / one.width), pixel % one.width];
  return [Math.max(rows[0], y - Math.floor(initial[0] / 2)), Math.max(columns[0], x - Math.floor(initial[1] / 2))];
}

/** The item at u in [0, 1); undefined if there is none. */
function oneOf<T>(items: ArrayLike<T>, u: number): T | undefined {
  return items[Math.floor(u * items.length)];
}

/** A whole number of a range, its ends included, at u in [0, 1). */
function whole([from, to]: readonly [number, number], u: number): number {
  return from + Math.floor(u * (to - from + 1));
}

/** The crop of a size at a corner. */
export function cropCase({ channels, height, width, data, labels }: TrainingCase, [top, left]: Extent, [rows, columns]: Extent): Crop {
  const image = new Float32Array(channels * rows * columns);
  const map = new Int16Array(rows * columns).fill(-1);
  const [from, to] = [Math.max(0, left), Math.min(width, left + columns)];
  if (from < to) {
    for (let y = Math.max(0, top); y < Math.min(height, top + rows); y++) {
      const at = (y - top) * columns + from - left;
      map.set(labels.subarray(y * width + from, y * width + to), at);
      for (let c = 0; c < channels; c++) {
        const line = (c * height + y) * width;
        image.set(data.subarray(line + from, line + to), c * rows * columns + at);
      }
    }
  }
  return { image: { channels, height: rows, width: columns, data: image }, labels: { height: rows, width: columns, data: map } };
}
