import type { Contour } from "./iso-contours.ts";
import type { Mask, Point, Size } from "./types.ts";

/** Distance from a line within which a pixel's centre lies on it. */
const onLine = 1e-3;

/**
 * The pixels whose centres lie inside an odd number of contours, or on one of them.
 *
 * @param contours - corners in pixels, where a pixel's centre has whole coordinates; they may leave the picture
 */
export function fillContours(contours: readonly Contour[], { width, height }: Size): Mask {
  const data = new Uint8Array(width * height);
  for (const contour of contours) toggleInside(contour, { width, height, data });
  for (const contour of contours) markLines(contour, { width, height, data });
  return { width, height, data };
}

const edgesOf = (contour: Contour): (readonly [Point, Point])[] => contour.map((from, i) => [from, contour[(i + 1) % contour.length]!]);

/** Toggles the pixels to the right of each crossing of a row with the contour: inside they are toggled an odd number of times. */
function toggleInside(contour: Contour, { width, height, data }: Mask): void {
  const crossings = new Map<number, number[]>();
  for (const [from, to] of edgesOf(contour)) {
    const [upper, lower] = from.y < to.y ? [from, to] : [to, from];
    // A row belongs to an edge from its upper end to above its lower one, so that each corner counts once.
    for (let y = Math.max(0, Math.ceil(upper.y)); y < lower.y && y < height; y++) {
      const x = upper.x + ((y - upper.y) / (lower.y - upper.y)) * (lower.x - upper.x);
      crossings.set(y, [...(crossings.get(y) ?? []), x]);
    }
  }
  for (const [y, places] of crossings) {
    places.sort((a, b) => a - b);
    for (let i = 0; i + 1 < places.length; i += 2) {
      const end = Math.min(width, Math.ceil(places[i + 1]!));
      for (let x = Math.max(0, Math.ceil(places[i]!)); x < end; x++) data[y * width + x]! ^= 1;
    }
  }
}

/** Sets the pixels whose centres lie on the contour. */
function markLines(contour: Contour, { width, height, data }: Mask): void {
  for (const [a, b] of edgesOf(contour)) {
    const [firstRow, lastRow] = [Math.ceil(Math.min(a.y, b.y) - onLine), Math.floor(Math.max(a.y, b.y) + onLine)];
    for (let y = Math.max(0, firstRow); y <= lastRow && y < height; y++) {
      const [one, other] = [at(a, b, y - onLine), at(a, b, y + onLine)];
      const first = Math.max(0, Math.ceil(Math.min(one, other) - onLine));
      const last = Math.min(width - 1, Math.floor(Math.max(one, other) + onLine));
      for (let x = first; x <= last; x++) if (distance({ x, y }, a, b) <= onLine) data[y * width + x] = 1;
    }
  }
}

/** Column at which an edge, or the end of it that is nearest, has a height. Of a level edge both ends matter: the farther one by turns. */
function at(a: Point, b: Point, y: number): number {
  const share = a.y === b.y ? (y < a.y ? 0 : 1) : (y - a.y) / (b.y - a.y);
  return a.x + Math.min(1, Math.max(0, share)) * (b.x - a.x);
}

function distance(point: Point, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / length));
  return Math.hypot(a.x + share * dx - point.x, a.y + share * dy - point.y);
}
