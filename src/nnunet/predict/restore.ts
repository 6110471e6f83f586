import {
  type Box,
  type ClassMaps,
  type LabelMap,
  largestClass,
  type MapKind,
  probabilitiesOf,
  type Size,
  skimageLinear,
} from "../../image/index.ts";
import type { LabelRules } from "../labels.ts";
import type { CaseProperties } from "../preprocess/preprocess.ts";

/**
 * Logits of a preprocessed case as probabilities in the original image: resampled (linear), activated once, and put into the place that the crop came
 * from. Outside of it the background has the probability 1, and regions have 0.
 */
export function restore(logits: ClassMaps<"logits">, { box, sizeBeforeCrop }: Omit<CaseProperties, "spacing">): ClassMaps<"probabilities"> {
  const size = { width: box.x1 - box.x0, height: box.y1 - box.y0 };
  return placed(probabilitiesOf(resampled(logits, size)), box, sizeBeforeCrop, [logits.areExclusive ? 1 : 0, 0]);
}

/** By how much the logit of the background exceeds the others outside of the crop: there it has the probability 1 in float32. */
const certain = 40;

/** The same before the activation, for a mean of logits. */
export function restoredLogits(logits: ClassMaps<"logits">, { box, sizeBeforeCrop }: Omit<CaseProperties, "spacing">): ClassMaps<"logits"> {
  const size = { width: box.x1 - box.x0, height: box.y1 - box.y0 };
  return placed(resampled(logits, size), box, sizeBeforeCrop, logits.areExclusive ? [certain, 0] : [-certain, -certain]);
}

function resampled(maps: ClassMaps<"logits">, size: Size): ClassMaps<"logits"> {
  const { count, width, height, data } = maps;
  if (width === size.width && height === size.height) return maps;
  const [pixels, area] = [width * height, size.width * size.height];
  const out = new Float32Array(count * area);
  for (let k = 0; k < count; k++) {
    out.set(skimageLinear({ width, height, data: data.subarray(k * pixels, (k + 1) * pixels) }, size).data, k * area);
  }
  return { ...maps, ...size, data: out };
}

/** @param around - values outside of the crop: of the first map, and of the others */
function placed<K extends MapKind>(
  maps: ClassMaps<K>,
  { x0, y0 }: Box,
  size: Size,
  [first, others]: readonly [number, number],
): ClassMaps<K> {
  const { count, width, height, data } = maps;
  if (width === size.width && height === size.height) return maps;
  const area = size.width * size.height;
  const out = new Float32Array(count * area).fill(others).fill(first, 0, area);
  for (let k = 0, from = 0; k < count; k++) {
    for (let y = 0; y < height; y++, from += width) out.set(data.subarray(from, from + width), k * area + (y0 + y) * size.width + x0);
  }
  return { ...maps, ...size, data: out };
}

/**
 * The label of each pixel: the most probable class, of equal ones the lowest; with a threshold of two classes the second where
 * it exceeds it; or the regions that exceed the threshold, each painted with its value over those before it.
 *
 * @param options.threshold - default for regions 0.5
 */
export function labelsOf(
  probabilities: ClassMaps<"probabilities">,
  { regions }: Pick<LabelRules, "regions">,
  { threshold }: { readonly threshold?: number } = {},
): LabelMap {
  const { count, width, height, data } = probabilities;
  if (regions === undefined && (count !== 2 || threshold === undefined)) return largestClass(probabilities);
  const painted = regions ? regions.map(({ paintedAs }, map) => ({ map, paintedAs })) : [{ map: 1, paintedAs: 1 }];
  const pixels = width * height;
  const labels = new Int16Array(pixels);
  for (const { map, paintedAs } of painted) {
    for (let i = 0, at = map * pixels; i < pixels; i++, at++) if (data[at]! > (threshold ?? 0.5)) labels[i] = paintedAs;
  }
  return { kind: "labels", width, height, data: labels };
}
