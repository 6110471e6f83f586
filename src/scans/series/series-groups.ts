import type { DicomFile } from "../../dicom/attributes.ts";
import { listed } from "../../listed.ts";
import { lastName } from "../file-names.ts";
import { uniqueNames } from "../unique-names.ts";
import { groupFrames } from "./group-frames.ts";
import { type PlacedFrame, placedFrames } from "./placed-frame.ts";
import { byNumber, type Stack, stacksOf } from "./split-repeats.ts";

/** Frames that are shown as one scan, in slice order. */
export interface SeriesGroup extends Stack {
  /** Modality and series number, such as "CT-3"; equal names are numbered. */
  readonly name: string;
}

/**
 * The groups of some DICOM files, which need not be of one series: frames of one series with equal size and orientation, split where positions
 * repeat. The order of the files makes no difference.
 */
export function seriesGroups(headers: readonly DicomFile[]): SeriesGroup[] {
  const files = [...headers].sort(bySeries);
  const stacks = groupFrames(files.flatMap(placedFrames)).flatMap((group): Stack[] => {
    const { position, orientation } = group[0]!;
    if (position === undefined || orientation === undefined) return [{ frames: [...group].sort(byNumber), repeated: [] }];
    return stacksOf(group);
  });
  const names = uniqueNames(stacks.map(({ frames }) => nameOf(frames[0]!)));
  return stacks.map((stack, i) => ({ ...stack, name: names[i]! }));
}

/** By series number, series, InstanceNumber and name: the order in which groups are numbered. */
function bySeries(a: DicomFile, b: DicomFile): number {
  const number = (keyword: string) => (a.attributes.number(keyword) ?? Infinity) - (b.attributes.number(keyword) ?? Infinity) || 0;
  const text = (left: string, right: string) => (left < right ? -1 : Number(left > right));
  const series = text(a.attributes.text("SeriesInstanceUID") ?? "", b.attributes.text("SeriesInstanceUID") ?? "");
  return number("SeriesNumber") || series || number("InstanceNumber") || text(a.name, b.name);
}

/** Of letters, digits and "-" alone, as it becomes the name of files; never of fields about the patient. */
function nameOf({ file: { attributes } }: PlacedFrame): string {
  const modality = (attributes.text("Modality") ?? "").replace(/[^A-Za-z0-9]/g, "").slice(0, 16) || "OT";
  const number = attributes.number("SeriesNumber");
  return number !== undefined && Number.isSafeInteger(number) ? `${modality}-${number}` : modality;
}

/** Frames that a message names. */
const namedRepeats = 5;

/** A message about frames that are left out as others are at their places; undefined if there are none. */
export function repeatWarning(repeated: readonly PlacedFrame[]): string | undefined {
  if (repeated.length === 0) return undefined;
  const words = listed(repeated, namedRepeats, ({ file, number, frames }) =>
    frames > 1 ? `frame ${number} of ${lastName(file.name)}` : lastName(file.name),
  );
  return `duplicate position: ${words}; of each place the image with the lowest InstanceNumber is used`;
}
