import { ShapeError } from "../errors.ts";

/**
 * What a segmentation network gives and what is made of it. The kind is part of the type, so that logits cannot be taken for probabilities: an
 * activation that is applied twice is a known fault of ensembles.
 */
export type MapKind = "logits" | "probabilities";

/** One map for each class (with the background first) or for each region, [K, H, W]. */
export interface ClassMaps<K extends MapKind = MapKind> {
  readonly kind: K;
  /** Whether the maps are classes of which each pixel has one (softmax), or regions that may overlap (sigmoid). */
  readonly areExclusive: boolean;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  /** Row-major [K, H, W]. */
  readonly data: Float32Array;
}

/** A label for each pixel, row-major [H, W]; 0 is background. -1 stands for pixels outside of the image, or cropped away. */
export interface LabelMap {
  readonly kind: "labels";
  readonly width: number;
  readonly height: number;
  readonly data: Int16Array;
}

/** Softmax over the classes of each pixel, or the sigmoid of each region; float64 inside. */
export function probabilitiesOf({ data: logits, ...maps }: ClassMaps<"logits">): ClassMaps<"probabilities"> {
  const data = new Float32Array(logits.length);
  if (maps.areExclusive) softmax(logits, maps.count, data);
  else for (let i = 0; i < logits.length; i++) data[i] = 1 / (1 + Math.exp(-logits[i]!));
  return { ...maps, kind: "probabilities", data };
}

function softmax(logits: Float32Array, count: number, into: Float32Array): void {
  const pixels = logits.length / count;
  for (let pixel = 0; pixel < pixels; pixel++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < count; k++) largest = Math.max(largest, logits[k * pixels + pixel]!);
    let sum = 0;
    for (let k = 0; k < count; k++) sum += Math.exp(logits[k * pixels + pixel]! - largest);
    for (let k = 0; k < count; k++) into[k * pixels + pixel] = Math.exp(logits[k * pixels + pixel]! - largest) / sum;
  }
}

/**
 * The class of the largest value of each pixel; of equal ones the lowest.
 *
 * @throws ShapeError for regions, whose labels depend on the order in which they are painted
 */
export function largestClass({ kind: _, ...maps }: ClassMaps): LabelMap {
  const { count, width, height, data: values, areExclusive } = maps;
  if (!areExclusive) throw new ShapeError("largestClass: regions may overlap, so the largest of them is no label");
  const pixels = width * height;
  const data = new Int16Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel++)
    for (let k = 1; k < count; k++) if (values[k * pixels + pixel]! > values[data[pixel]! * pixels + pixel]!) data[pixel] = k;
  return { kind: "labels", width, height, data };
}
