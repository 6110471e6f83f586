import { addTo } from "../../add-to.ts";
import { folderOf } from "../file-names.ts";
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

function keyOf(frame: PlacedFrame): string {
  const { attributes } = frame.file;
  return JSON.stringify([seriesOf(frame), attributes.text("SOPClassUID"), frame.rows, frame.columns, frame.position !== undefined]);
}

/** What names a frame's series: its UID; where programs have removed that, the folder, as long as positions can tell the order. */
function seriesOf({ file: { attributes, name }, frames, position }: PlacedFrame): readonly (string | undefined)[] {
  if (position === undefined && (frames > 1 || !attributes.has("SeriesInstanceUID"))) return ["file", name];
  return attributes.has("SeriesInstanceUID") ? ["series", attributes.text("SeriesInstanceUID")] : ["folder", folderOf(name)];
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
