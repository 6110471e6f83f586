import { addTo } from "../../add-to.ts";
import { dot, length3 } from "../vectors.ts";
import { type Mark, marks, type PlacedFrame } from "./placed-frame.ts";

/** Distance in mm up to which two positions are one. */
const samePlaceMm = 0.01;

/** Frames in slice order, each at a place of its own. */
export interface Stack {
  readonly frames: readonly PlacedFrame[];
  /** Left out, as another frame is at their place and nothing tells them apart. */
  readonly repeated: readonly PlacedFrame[];
}

/**
 * Makes stacks of frames that share an orientation: one, or several where positions repeat and a mark, such as the echo time, tells the frames
 * at one place apart. The first mark that makes positions unique is taken, else all that differ at some place together; of frames that no mark
 * tells apart the one with the lowest InstanceNumber stays.
 *
 * @param frames - all with a position
 * @returns in ascending order of the mark
 */
export function stacksOf(frames: readonly PlacedFrame[]): Stack[] {
  const places = placesOf(inSliceOrder(frames));
  if (places.every(({ length }) => length === 1)) return [{ frames: places.flat(), repeated: [] }];
  const placeOf = new Map(places.flatMap((place) => place.map((frame) => [frame, place] as const)));
  for (const mark of marks) {
    const parts = partsBy(frames, [mark]);
    if (parts.length > 1 && parts.every((part) => new Set(part.map((frame) => placeOf.get(frame))).size === part.length)) {
      return parts.map((part) => ({ frames: inSliceOrder(part), repeated: [] }));
    }
  }
  const telling = marks.filter((mark) => places.some((place) => new Set(place.map((frame) => frame.marks[mark])).size > 1));
  return partsBy(frames, telling).map((part) => {
    const kept = placesOf(inSliceOrder(part));
    return { frames: kept.map(([first]) => first!), repeated: kept.flatMap(([, ...rest]) => rest) };
  });
}

/** Ascending along the normal, those at one place by InstanceNumber and the order in their file. */
function inSliceOrder(frames: readonly PlacedFrame[]): PlacedFrame[] {
  const { normal } = frames[0]!.orientation!;
  const along = new Map(frames.map((frame) => [frame, dot(frame.position!, normal)]));
  return [...frames].sort((a, b) => along.get(a)! - along.get(b)! || byNumber(a, b));
}

/** By InstanceNumber, then the number in the file, then the file's name. */
export function byNumber(a: PlacedFrame, b: PlacedFrame): number {
  const numbers = a.instanceNumber === b.instanceNumber ? 0 : a.instanceNumber - b.instanceNumber;
  return numbers || a.number - b.number || (a.file.name < b.file.name ? -1 : Number(a.file.name > b.file.name));
}

/** Frames in slice order, those at one place together, sorted `byNumber`. */
function placesOf(ordered: readonly PlacedFrame[]): PlacedFrame[][] {
  const places: PlacedFrame[][] = [];
  for (const frame of ordered) {
    const place = places.findLast(([first], i) => i >= places.length - mostBack && isSamePlace(first!, frame));
    if (place) place.push(frame);
    else places.push([frame]);
  }
  return places.map((place) => place.sort(byNumber));
}

/** Places to look back for a frame's own: frames at one height may lie side by side. */
const mostBack = 4;

function isSamePlace({ position: a }: PlacedFrame, { position: b }: PlacedFrame): boolean {
  return length3([a![0] - b![0], a![1] - b![1], a![2] - b![2]]) <= samePlaceMm;
}

/** Frames with equal marks, in ascending order of the marks: as numbers where all are. */
function partsBy(frames: readonly PlacedFrame[], by: readonly Mark[]): PlacedFrame[][] {
  const parts = new Map<string, PlacedFrame[]>();
  for (const frame of frames) addTo(parts, JSON.stringify(by.map((mark) => frame.marks[mark] ?? null)), frame);
  return [...parts.values()].sort(([a], [b]) => {
    for (const mark of by) {
      const [left, right] = [a!.marks[mark] ?? "", b!.marks[mark] ?? ""];
      const order = Number(left) - Number(right) || (left < right ? -1 : Number(left > right));
      if (order !== 0) return order;
    }
    return 0;
  });
}
