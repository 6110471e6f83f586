import { basename, resolve } from "node:path";
import { ConfigError, concernsOneInput } from "../errors.ts";
import { inputsOfScans } from "../scans/inputs-of-scans.ts";
import type { LeftOut } from "../scans/left-out.ts";
import { type ImageInput, type ImageList, refuseEqualNames } from "../scans/list-images.ts";
import { countOf } from "../scans/names.ts";
import { readContent } from "../scans/read-content.ts";
import { readHead } from "../scans/read-head.ts";
import { KeptVolumes, resliced } from "../scans/resliced.ts";
import type { Scan } from "../scans/scan.ts";
import { scansOf } from "../scans/scans-of.ts";
import { sliceChoice } from "../scans/slice-range.ts";
import { headLength } from "../scans/sources/first-bytes.ts";
import { tiffPages } from "../scans/sources/header-tags.ts";
import { isDicomFile, sourceOf } from "../scans/sources/source-of.ts";

/** Which frames of scans are inputs of a run. */
export interface FrameOptions {
  /** Plane of the slices of volumes. Default: as acquired for DICOM, axial for NIfTI. */
  readonly axis?: "axial" | "coronal" | "sagittal" | "stored" | undefined;
  /** See `sliceChoice`. */
  readonly slices?: string | undefined;
}

/** The inputs of a run in which scans are taken apart into their frames. */
export interface FrameList extends ImageList {
  /** Messages about scans, for the user. */
  readonly warnings: readonly string[];
}

/**
 * Takes scans apart into their frames: DICOM series, NIfTI files, TIFF files of several pages. Pictures are not opened. A DICOM file that is no image
 * is left out, unless it was given by name; one that cannot be read stays an input, and fails at its turn.
 *
 * @param given - the paths of the run
 * @throws ConfigError when two inputs have the same name
 */
export async function withFrames(list: ImageList, given: readonly string[], { axis, slices }: FrameOptions): Promise<FrameList> {
  const isScan = await Promise.all(list.inputs.map(holdsScan));
  const files = list.inputs.filter((_, i) => isScan[i]!);
  if (files.length === 0) {
    refuseEqualNames(list.inputs);
    return { ...list, warnings: [] };
  }
  const names = new Map(files.map(({ file, name }) => [file, basename(name)]));
  const found = await scansOf([...names.keys()], { ...(axis && { axis }), nameOf: (file) => names.get(file)! });

  const isGiven = new Set(given.map((path) => resolve(path)));
  const noImages = new Set(
    found.leftOut.flatMap(({ file, category }) => (category === "no image" && !isGiven.has(resolve(file)) ? [file] : [])),
  );
  const inScans = new Set(found.scans.flatMap(({ frames }) => frames.map(({ file }) => file)));
  const others = list.inputs.filter(({ file }) => !inScans.has(file) && !noImages.has(file));
  const choice = slices === undefined ? undefined : sliceChoice(slices);
  const { scans, refused } = inPlane(found.scans, axis);
  const frames = inputsOfScans(files, scans, choice);
  if (choice && frames.length + refused.length === 0) {
    const most = Math.max(...scans.map((scan) => scan.frames.length));
    throw new ConfigError(`--slices ${slices}: no scan has such slices; the longest has ${countOf(most, "slice")}.`);
  }
  const inputs = [...others, ...frames, ...refused.map((one) => unreadable(files, one))];
  refuseEqualNames(inputs);
  const leftOut = [...list.leftOut, ...[...noImages].map((file): LeftOut => ({ file, reason: "object" }))];
  return { inputs, leftOut, warnings: scans.flatMap(warningsOf) };
}

/** A scan that cannot be an input. */
interface RefusedScan {
  readonly scan: Scan;
  readonly error: Error;
}

/** Scans as slices of a plane, and those that cannot be cut so. */
function inPlane(found: readonly Scan[], axis: FrameOptions["axis"]): { readonly scans: Scan[]; readonly refused: RefusedScan[] } {
  const kept = new KeptVolumes();
  const [scans, refused]: [Scan[], RefusedScan[]] = [[], []];
  for (const scan of found) {
    try {
      scans.push(resliced(scan, axis, kept));
    } catch (error) {
      if (!concernsOneInput(error)) throw error;
      refused.push({ scan, error });
    }
  }
  return { scans, refused };
}

/** One input for all of a scan, which fails at its turn. */
function unreadable(files: readonly ImageInput[], { scan, error }: RefusedScan): ImageInput {
  const [first] = inputsOfScans(files, [scan]);
  const { whole } = first!.frame!;
  const read = () => Promise.reject(error);
  return { ...whole, frame: { scan: { ...scan, frames: scan.frames.slice(0, 1), read }, index: 0, whole } };
}

/** Formats of one picture a file, by the endings of their names. */
const pictures = /\.(png|jpe?g|webp|bmp|gif)$/i;

/** Whether a file is a scan, or may be a part of one. */
async function holdsScan({ file }: ImageInput): Promise<boolean> {
  if (pictures.test(file)) return false;
  try {
    const head = await readHead(file, headLength);
    if (isDicomFile(head) || sourceOf(head.bytes) === "nifti") return true;
    return /\.tiff?$/i.test(file) && tiffPages((await readContent(file)).bytes).length > 1;
  } catch {
    return false; // reported when its turn comes
  }
}

const warningsOf = ({ name, frames, warnings }: Scan): string[] =>
  frames.length > 1 ? warnings.map((warning) => `${name}: ${warning}`) : [];
