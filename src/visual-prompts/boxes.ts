import { type Box, type Component, components, type Mask, maskOf, outerContours, type Size } from "../image/index.ts";

/**
 * Where a box ends.
 *
 * - `exclusive`: one past the last pixel, at most W and H: the box holds the mask exactly.
 * - `reference`: the same, but at most W - 1 and H - 1, as the released script clamps it. What lies in the last column or row
 *   alone gets a box without width or height.
 */
export type BoxClamp = "exclusive" | "reference";

/** How boxes are drawn round a mask. */
export interface BoxOptions {
  /** One box for each outer contour instead of one round everything. */
  readonly perComponent: boolean;
  readonly clamp: BoxClamp;
}

/**
 * The bounding boxes of what has an outer contour: one round everything, or one each, ordered by y0, then x0.
 * A component inside a hole of another has no outer contour and gets no box of its own. An empty mask has no boxes.
 *
 * @param contours - the mask's `outerContours`, where they are at hand
 */
export function boxesOf(mask: Mask, { perComponent, clamp }: BoxOptions, contours: readonly Component[] = outerContours(mask)): Box[] {
  const boxes = contours.map(({ box }) => box);
  const wanted = perComponent || boxes.length === 0 ? boxes.toSorted(byPlace) : [around(boxes)];
  const end = clamp === "exclusive" ? mask : { width: mask.width - 1, height: mask.height - 1 };
  return wanted.map((box) => clamped(box, end));
}

/**
 * What belongs to each of the boxes that `boxesOf` draws per component: its component, and those within it that have no box of their own,
 * as they lie in a hole.
 */
export function partsOfBoxes(mask: Mask): Mask[] {
  const labels = components(mask);
  const outer = outerContours(mask, labels).toSorted((a, b) => byPlace(a.box, b.box));
  const inner = labels.components.filter((one) => !outer.includes(one));
  return outer.map((one) => maskOf(labels, [one, ...inner.filter(({ box }) => isWithin(box, one.box))]));
}

const byPlace = (a: Box, b: Box): number => a.y0 - b.y0 || a.x0 - b.x0;

const isWithin = (one: Box, other: Box): boolean => one.x0 >= other.x0 && one.y0 >= other.y0 && one.x1 <= other.x1 && one.y1 <= other.y1;

const around = (boxes: readonly Box[]): Box =>
  boxes.reduce((all, box) => ({
    x0: Math.min(all.x0, box.x0),
    y0: Math.min(all.y0, box.y0),
    x1: Math.max(all.x1, box.x1),
    y1: Math.max(all.y1, box.y1),
  }));

const clamped = ({ x0, y0, x1, y1 }: Box, end: Size): Box => ({ x0, y0, x1: Math.min(x1, end.width), y1: Math.min(y1, end.height) });
