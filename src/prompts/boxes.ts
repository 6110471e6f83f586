import { type Box, type Component, type Mask, outerContours, type Size } from "../image/index.ts";

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
  const wanted = perComponent || boxes.length === 0 ? boxes.toSorted((a, b) => a.y0 - b.y0 || a.x0 - b.x0) : [around(boxes)];
  const end = clamp === "exclusive" ? mask : { width: mask.width - 1, height: mask.height - 1 };
  return wanted.map((box) => clamped(box, end));
}

const around = (boxes: readonly Box[]): Box =>
  boxes.reduce((all, box) => ({
    x0: Math.min(all.x0, box.x0),
    y0: Math.min(all.y0, box.y0),
    x1: Math.max(all.x1, box.x1),
    y1: Math.max(all.y1, box.y1),
  }));

const clamped = ({ x0, y0, x1, y1 }: Box, end: Size): Box => ({ x0, y0, x1: Math.min(x1, end.width), y1: Math.min(y1, end.height) });
