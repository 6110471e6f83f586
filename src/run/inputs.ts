import { InputError } from "../errors.ts";
import { type LeftOut, leftOutMessage } from "../scans/left-out.ts";
import { type ImageInput, listImages } from "../scans/list-images.ts";
import { pictureFormats } from "../scans/sources/raster-formats.ts";
import { type FrameList, type FrameOptions, withFrames } from "./frames.ts";

/** The images of a run, and the other files beside them. */
export interface RunInputs {
  readonly inputs: readonly ImageInput[];
  /** Files that were not used. */
  readonly leftOut: readonly LeftOut[];
  /** Messages for the user. */
  readonly warnings: readonly string[];
}

/**
 * The images of a run. Results of this run and of earlier ones among them are not inputs.
 *
 * @param options.withMasks - whether a file with the name of a mask is one, too: where the files are results for images of any name
 * @param options.frames - takes scans apart into frames; else a file with several is an error at its turn
 * @throws InputError when there are none
 */
export async function findInputs(
  paths: readonly string[],
  out: string | undefined,
  { withMasks = false, frames }: { readonly withMasks?: boolean; readonly frames?: FrameOptions } = {},
): Promise<RunInputs> {
  // Slices are named by their series, not by their files: those of two studies often have equal names.
  const list = await listImages(paths, { out, withMasks, withEqualNames: frames !== undefined });
  const { inputs, leftOut, warnings }: FrameList = frames ? await withFrames(list, paths, frames) : { ...list, warnings: [] };
  const message = leftOutMessage(leftOut);
  if (inputs.length === 0) {
    const places = paths.map((path) => `"${path}"`).join(", ");
    throw new InputError(
      `no images in ${places}; expected ${pictureFormats} files, DICOM or NIfTI${message === undefined ? "" : `; ${message}`}`,
    );
  }
  return { inputs, leftOut, warnings: [...(message === undefined ? [] : [message]), ...warnings] };
}
