import type { RandomStream } from "../../tensor/random.ts";
import { between, type Range } from "../ranges.ts";
import { checkPlanes, type Planes } from "../types.ts";

export interface FrameParameters {
  /** Widths of the margins, as fractions of the image's height (top, bottom) and width (right, left). */
  readonly margins: readonly [top: number, right: number, bottom: number, left: number];
  /** Radius of the rounded corners inside of the margins, as a fraction of the shorter side of what is left. */
  readonly radius: number;
  /** Value of the frame, in the image's values. */
  readonly level: number;
}

/** Draws which sides have a margin, each with probability ½, their widths, the radius and the level; the lowest level half of the time. */
export function drawFrame(
  u: RandomStream,
  { margin, radius, level }: { readonly margin: Range; readonly radius: Range; readonly level: Range },
): FrameParameters {
  const width = (side: number): number => (u.at(2 * side) < 0.5 ? between(margin, u.at(2 * side + 1)) : 0);
  return {
    margins: [width(0), width(1), width(2), width(3)],
    radius: u.at(8) < 0.5 ? between(radius, u.at(9)) : 0,
    level: u.at(10) < 0.5 ? level[0] : between(level, u.at(11)),
  };
}

/**
 * Covers the edges of an image by a uniform frame with rounded corners, as scanners and screenshots leave it. Changes the image alone. For any
 * range of values: the level is in the image's values.
 */
export function frame(image: Planes, { margins, radius, level }: FrameParameters): Planes {
  checkPlanes(image, "frame");
  const { channels, height, width } = image;
  const [top, left] = [Math.round(margins[0] * height), Math.round(margins[3] * width)];
  const bottom = Math.max(top, height - Math.round(margins[2] * height)); // exclusive
  const right = Math.max(left, width - Math.round(margins[1] * width));
  const round = Math.min(0.5, radius) * Math.min(bottom - top, right - left);
  const data = image.data.slice();
  for (let y = 0; y < height; y++) {
    let [from, to] = [width, width]; // what is seen of the row
    if (y >= top && y < bottom) {
      const depth = Math.min(y + 0.5 - top, bottom - y - 0.5);
      const inset = depth < round ? Math.round(round - Math.sqrt(round * round - (round - depth) ** 2)) : 0;
      [from, to] = [left + inset, Math.max(left + inset, right - inset)];
    }
    for (let c = 0; c < channels; c++) {
      const row = (c * height + y) * width;
      data.fill(level, row, row + from);
      data.fill(level, row + to, row + width);
    }
  }
  return { ...image, data };
}
