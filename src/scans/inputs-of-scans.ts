import { addTo } from "../add-to.ts";
import type { ImageInput } from "./list-images.ts";
import type { Scan } from "./scan.ts";
import { isChosen, type SliceChoice } from "./slice-range.ts";

/**
 * The frames of scans as inputs of a run, scan by scan in slice order. The results of a scan in one file have the name of that file, those of a
 * series of several files the scan's own name below their folder; frames are numbered below it, from "0001". A scan of one frame is that file.
 *
 * @param files - the inputs in which the scans lie
 * @param slices - which slices of a scan with several are wanted; all, if undefined
 */
export function inputsOfScans(files: readonly ImageInput[], scans: readonly Scan[], slices?: SliceChoice): ImageInput[] {
  const inputOf = new Map(files.map((input) => [input.file, input]));
  const scansOf = new Map<string, Scan[]>();
  for (const scan of scans) addTo(scansOf, scan.frames[0]!.file, scan);
  return scans.flatMap((scan) => {
    const whole = wholeOf(scan, inputOf, (scansOf.get(scan.frames[0]!.file)?.length ?? 0) > 1);
    const frames = scan.frames.map(({ file }, index): ImageInput => {
      if (scan.frames.length === 1) return { ...whole, file, frame: { scan, index, whole } };
      const number = frameNumber(index);
      return { file, name: `${whole.name}/${number}`, path: `${whole.name}/${number}`, frame: { scan, index, whole } };
    });
    return slices && frames.length > 1 ? frames.filter((_, index) => isChosen(index + 1, slices)) : frames;
  });
}

/** The files on whose content an input depends: its own; of a slice that was cut from a volume all files of that. */
export function filesOfInput({ file, frame }: Pick<ImageInput, "file" | "frame">): string[] {
  return frame?.scan.cut ? filesOf(frame.scan) : [file];
}

/** The files of a scan, each once. */
const filesOf = ({ frames, cut }: Scan): string[] => [...new Set((cut?.origin.frames ?? frames).map(({ file }) => file))];

/** The number of a frame in names of files: "0001" for the first. @param index - from 0 */
export const frameNumber = (index: number): string => String(index + 1).padStart(4, "0");

/** The scan as one input. @param isPart - whether its file holds other scans, too */
function wholeOf(scan: Scan, inputOf: ReadonlyMap<string, ImageInput>, isPart: boolean): Pick<ImageInput, "file" | "name" | "path"> {
  const inputs = filesOf(scan).map((file) => inputOf.get(file)!);
  const [first] = inputs;
  const { file, name, path } = first!;
  if (inputs.length === 1) return isPart ? { file, name: `${name}/${scan.name}`, path: `${path}/${scan.name}` } : { file, name, path };
  const folder = sharedFolder(inputs.map((input) => input.name));
  const own = folder === "" ? scan.name : `${folder}/${scan.name}`;
  return { file, name: own, path: own };
}

/** The longest folder, with "/" between its parts, in which all names lie. */
function sharedFolder(names: readonly string[]): string {
  const [first, ...others] = names.map((name) => name.split("/").slice(0, -1));
  let depth = first!.length;
  for (const parts of others) {
    let same = 0;
    while (same < depth && parts[same] === first![same]) same++;
    depth = same;
  }
  return first!.slice(0, depth).join("/");
}
