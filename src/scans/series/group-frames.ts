import { addTo } from "../../add-to.ts";
import type { PixelSize } from "./pixel-size.ts";
import type { Orientation, PlacedFrame } from "./placed-frame.ts";

/** Difference of a direction's cosine from which orientations differ. */
const cosineTolerance = 1e-4;

/** Relative difference from which sizes of pixels differ. */
const sizeTolerance = 1e-4;

/**
 * Frames that may be slices of one stack: of one series and kind of object, with equal rows, columns, orientation and size of a pixel.
 * Multi-frame files without positions are recordings of their own, such as the cines of an ultrasound series.
 *
 * @returns groups in the order of their first frames
 */
export function groupFrames(frames: readonly PlacedFrame[]): PlacedFrame[][] {
  const alike = new Map<string, PlacedFrame[]>();
  for (const frame of frames) addTo(alike, keyOf(frame), frame);
  return [...alike.values()].flatMap((group) => {
    const stacks: PlacedFrame[][] = [];
    for (const frame of group) {
      const stack = stacks.find(
        ([first]) => isParallel(first!.orientation, frame.orientation) && isEqualSize(first!.pixelSize, frame.pixelSize),
      );
      if (stack) stack.push(frame);
      else stacks.push([frame]);
    }
    return stacks;
  });
}

function keyOf({ file, frames, rows, columns, position }: PlacedFrame): string {
  const { attributes, name } = file;
  const isAlone = !attributes.has("SeriesInstanceUID") || (frames > 1 && position === undefined);
  return JSON.stringify([
    isAlone ? ["file", name] : ["series", attributes.text("SeriesInstanceUID")],
    attributes.text("SOPClassUID"),
    rows,
    columns,
    position !== undefined,
  ]);
}

function isParallel(a: Orientation | undefined, b: Orientation | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return [0, 1, 2].every((i) => isNear(a.row[i]!, b.row[i]!) && isNear(a.column[i]!, b.column[i]!));
}

const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= cosineTolerance;

function isEqualSize({ spacing: a }: PixelSize, { spacing: b }: PixelSize): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.every((length, i) => Math.abs(length - b[i]!) <= sizeTolerance * length);
}
