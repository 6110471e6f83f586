import { ShapeError } from "../errors.ts";
import type { Box, GrayImage, Mask } from "./types.ts";

/** One connected component of a mask. */
export interface Component {
  /** Its value in `Labels.data`, from 1. */
  readonly label: number;
  readonly areaPx: number;
  readonly box: Box;
  /** Flat row-major index of its first pixel: the leftmost of its top row. */
  readonly firstIndex: number;
}

/** The components of a mask, ordered by first pixel, and the label of each pixel (0: background), row-major [H, W]. */
export interface Labels {
  readonly width: number;
  readonly height: number;
  readonly data: Int32Array;
  readonly components: readonly Component[];
}

/** Which neighbours belong together: the four beside, above and below, or the diagonal ones too. */
export type Connectivity = 4 | 8;

/** Number of foreground pixels of a mask. */
export function areaPx({ data }: Mask): number {
  let area = 0;
  for (let i = 0; i < data.length; i++) area += data[i]!; // several times as fast as `reduce`
  return area;
}

/**
 * The connected components of the non-zero pixels.
 *
 * Each row is cut into runs of foreground; a run joins the runs of the row above that it touches. Of joined runs the earliest
 * is the root, so roots in order are the components by first pixel. Linear in pixels, whatever the shapes.
 *
 * @param connectivity - 8 by default, as everywhere in the method
 */
export function components(mask: Mask, connectivity: Connectivity = 8): Labels {
  const { width, height } = mask;
  const runs = runsOf(mask);
  const root = new Int32Array(runs.count).map((_, run) => run);
  const find = (run: number): number => {
    while (root[run] !== run) {
      root[run] = root[root[run]!]!; // halve the path on the way up
      run = root[run]!;
    }
    return run;
  };
  const reach = connectivity === 8 ? 1 : 0;
  for (let y = 1; y < height; y++) {
    let above = runs.row[y - 1]!;
    const aboveEnd = runs.row[y]!;
    for (let run = aboveEnd; run < runs.row[y + 1]!; run++) {
      while (above < aboveEnd && runs.end[above]! + reach <= runs.start[run]!) above++;
      for (let other = above; other < aboveEnd && runs.start[other]! < runs.end[run]! + reach; other++) {
        const [a, b] = [find(run), find(other)];
        root[Math.max(a, b)] = Math.min(a, b);
      }
    }
  }
  const data = new Int32Array(width * height);
  const found: { label: number; areaPx: number; box: { x0: number; y0: number; x1: number; y1: number }; firstIndex: number }[] = [];
  const labelOf = new Int32Array(runs.count);
  for (let y = 0; y < height; y++) {
    for (let run = runs.row[y]!; run < runs.row[y + 1]!; run++) {
      const [x0, x1] = [runs.start[run]!, runs.end[run]!];
      const first = find(run);
      if (first === run) {
        labelOf[run] = found.length + 1;
        found.push({ label: found.length + 1, areaPx: 0, box: { x0, y0: y, x1, y1: y + 1 }, firstIndex: y * width + x0 });
      }
      const component = found[labelOf[first]! - 1]!;
      const box = component.box;
      component.areaPx += x1 - x0;
      if (x0 < box.x0) box.x0 = x0;
      if (x1 > box.x1) box.x1 = x1;
      box.y1 = y + 1;
      data.fill(component.label, y * width + x0, y * width + x1);
    }
  }
  return { width, height, data, components: found };
}

/** Runs of foreground in raster order: columns [start, end); those of row y are row[y] up to row[y + 1]. */
function runsOf({ width, height, data }: Mask): { count: number; row: Int32Array; start: Int32Array; end: Int32Array } {
  const row = new Int32Array(height + 1);
  let count = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0, before = 0; x < width; x++, i++) {
      if (data[i] !== 0 && before === 0) count++;
      before = data[i]!;
    }
    row[y + 1] = count;
  }
  const start = new Int32Array(count);
  const end = new Int32Array(count);
  for (let y = 0, i = 0, run = -1; y < height; y++) {
    for (let x = 0, before = 0; x < width; x++, i++) {
      if (data[i] !== 0) {
        if (before === 0) start[++run] = x;
        end[run] = x + 1;
      }
      before = data[i]!;
    }
  }
  return { count, row, start, end };
}

/**
 * What to do when the K-th largest area occurs more than once.
 *
 * - `strict`: exactly K components; of equal areas the one with the smaller first pixel wins.
 * - `keep`: every component whose area is one of the K largest, as the released scripts do; more than K may stay.
 */
export type Ties = "strict" | "keep";

/** The `keep` largest components, in the order given. */
export function largestComponents(all: readonly Component[], keep: number, ties: Ties): Component[] {
  const bySize = [...all].sort((a, b) => b.areaPx - a.areaPx || a.firstIndex - b.firstIndex).slice(0, keep);
  const chosen = new Set(bySize.map(ties === "strict" ? (c) => c.label : (c) => c.areaPx));
  return all.filter((c) => chosen.has(ties === "strict" ? c.label : c.areaPx));
}

/**
 * Mean saliency of each component, in [0, 1] (level / 255), in the order of the components.
 *
 * @throws ShapeError when the map has another size
 */
export function meanSaliency(labels: Labels, map: GrayImage): number[] {
  if (map.width !== labels.width || map.height !== labels.height) {
    throw new ShapeError(`meanSaliency: the mask is ${labels.width} x ${labels.height}, the map ${map.width} x ${map.height}`);
  }
  const sums = new Float64Array(labels.components.length + 1);
  for (let i = 0; i < map.data.length; i++) sums[labels.data[i]!]! += map.data[i]!;
  return labels.components.map((c) => sums[c.label]! / c.areaPx / 255);
}

/** Which components to keep. */
export interface ComponentFilter {
  /** How many of the largest; `Infinity` for all. */
  readonly keep: number;
  readonly ties: Ties;
  /** Smaller components are dropped first. */
  readonly minAreaPx?: number | undefined;
  /** Components of lower mean saliency (level / 255) are dropped first; needs `saliency`. */
  readonly minMeanSaliency?: number | undefined;
  /** The map that the mask was made from, of the same size. */
  readonly saliency?: GrayImage | undefined;
}

/**
 * The components that pass both limits, then the `keep` largest of them.
 * Where none passes and a map is given, the one of highest mean saliency stays and `fellBack` is true.
 *
 * @throws ShapeError when `minMeanSaliency` comes without a map, or with one of another size
 */
export function selectComponents(labels: Labels, filter: ComponentFilter): { components: Component[]; fellBack: boolean } {
  const { keep, ties, minAreaPx = 0, minMeanSaliency = 0, saliency } = filter;
  if (minMeanSaliency > 0 && saliency === undefined) {
    throw new ShapeError(`selectComponents: minMeanSaliency ${minMeanSaliency} needs the saliency map`);
  }
  const means = saliency === undefined ? undefined : meanSaliency(labels, saliency);
  const passing = labels.components.filter((c, i) => c.areaPx >= minAreaPx && (means === undefined || means[i]! >= minMeanSaliency));
  if (passing.length > 0 || labels.components.length === 0 || means === undefined) {
    return { components: largestComponents(passing, keep, ties), fellBack: false };
  }
  let best = 0;
  for (let i = 1; i < means.length; i++) if (means[i]! > means[best]!) best = i;
  return { components: [labels.components[best]!], fellBack: true };
}

/** The components more than half of whose pixels lie in a mask of the same size, in the order given. @throws ShapeError when the sizes differ */
export function componentsWithin(labels: Labels, mask: Mask): Component[] {
  if (mask.width !== labels.width || mask.height !== labels.height) {
    throw new ShapeError(
      `componentsWithin: the components are of ${labels.width} x ${labels.height}, the mask ${mask.width} x ${mask.height}`,
    );
  }
  const inside = new Int32Array(labels.components.length + 1);
  for (let i = 0; i < mask.data.length; i++) if (mask.data[i] !== 0) inside[labels.data[i]!]!++;
  return labels.components.filter(({ label, areaPx }) => 2 * inside[label]! > areaPx);
}

/** The mask of some components of a labelled picture. */
export function maskOf(labels: Labels, chosen: readonly Component[]): Mask {
  const value = new Uint8Array(labels.components.length + 1);
  for (const { label } of chosen) value[label] = 1;
  const data = new Uint8Array(labels.data.length);
  for (let i = 0; i < data.length; i++) data[i] = value[labels.data[i]!]!;
  return { width: labels.width, height: labels.height, data };
}

/**
 * The mask reduced to the 8-connected components that `selectComponents` chooses.
 *
 * @example const lungs = keepComponents(mask, { keep: 2, ties: "strict" });
 */
export function keepComponents(mask: Mask, filter: ComponentFilter): Mask {
  const labels = components(mask);
  return maskOf(labels, selectComponents(labels, filter).components);
}
