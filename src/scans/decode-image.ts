import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { checkedFile } from "../check/paths.ts";
import { InputError } from "../errors.ts";
import type { Orientation } from "../image/orientation.ts";
import type { Image } from "../image/types.ts";
import type { ImageInput } from "./list-images.ts";
import { readContent } from "./read-content.ts";
import { foreignFormatOf, unreadable } from "./sources/foreign.ts";
import type { Frame, Geometry, NamedBytes, View } from "./sources/image-source.ts";
import { severalImages } from "./sources/several.ts";
import { promisedSource, sourceOf } from "./sources/source-of.ts";
import { imageSources } from "./sources/table.ts";
import type { AppliedWindow } from "./sources/window.ts";

/** An image with warnings about all guesses and changes. */
export interface DecodedImage {
  readonly image: Image;
  /** Warnings without the file name. */
  readonly warnings: string[];
  /** Content of the file before the conversion to 8-bit RGB. */
  readonly source: {
    /** Such as "png". */
    readonly format: string;
    readonly width: number;
    readonly height: number;
    readonly channels: number;
    readonly bitDepth: number;
  };
  /** Absent if the file does not tell it, as no picture does. */
  readonly geometry?: Geometry;
  /** How the stored pixels were turned by EXIF, if they were: a mask of the image has to be turned back with `turnBack` before it is written. */
  readonly orientation?: Orientation;
  /** How values became levels of gray; absent for colours and pictures. */
  readonly display?: AppliedWindow;
}

/**
 * The images of a file, whose format is detected from its first bytes.
 *
 * @throws InputError when it is missing, empty, damaged, too large, or in no format that is read
 */
export async function openImage(file: string | NamedBytes): Promise<readonly Frame[]> {
  const content = typeof file === "string" ? await readContent(file) : file;
  if (content.bytes.length === 0) throw new InputError(`"${content.name}" is empty (0 bytes)`);
  const promised = foreignFormatOf(content.bytes) ? undefined : promisedSource(content);
  const source = sourceOf(content.bytes) ?? promised;
  if (!source) throw unreadable(content);
  return await imageSources[source].frames(content);
}

const Options = z.strictObject({
  mode: z.enum(["paper", "reference"]).default("paper"),
  exif: z.enum(["apply", "ignore"]).default("ignore"),
  window: z.strictObject({ center: z.number(), width: z.number().positive() }).optional(),
});
type DecodeOptions = z.input<typeof Options>;

/**
 * An image file as 8-bit RGB. Of picture files byte for byte what Pillow's `convert("RGB")` gives: alpha is dropped without compositing, palettes are
 * expanded, gray is repeated, 16-bit colour keeps its high byte, colour profiles are ignored. Of NIfTI files
 * unsigned 8-bit values are kept, others mapped from their percentiles 0.5 and 99.5 to 0 and 255 (with a warning).
 *
 * @param file - its path, or its content with a name
 * @param options.mode - default paper; gray of more than 8 bits alone differs: `reference` clips at 255 as Pillow does, which turns a 12-bit radiograph
 *   white; `paper` maps the smallest and largest value of 16-bit gray to 0 and 255, of floats and other values the percentiles 0.5 and 99.5. Both say
 *   what they did
 * @param options.exif - whether a picture is turned upright as its file says; default `ignore`, with a warning: then it lies as its masks do
 * @param options.window - instead of the window of a DICOM or NIfTI file, in its values; no effect on pictures
 * @throws InputError when the file is missing, empty, cut short, damaged, too large, in no format that is read, or holds several images
 */
export async function decodeImage(file: string | NamedBytes, options: DecodeOptions = {}): Promise<DecodedImage> {
  const view = checkedOptions(Options, options, "decodeImage");
  const checked = checkedFile<NamedBytes>(file, "decodeImage");
  return await displayed(onlyFrame(await openImage(checked), checked), view);
}

/** An input of a run, as `decodeImage`; of a scan the one frame is read. */
export async function decodeInput({ file, frame }: Pick<ImageInput, "file" | "frame">, view: View): Promise<DecodedImage> {
  if (!frame) return await decodeImage(file, view);
  const { spacing } = frame.scan;
  const decoded = await displayed(await frame.scan.read(frame.index, { isOnlyShown: true }), view);
  return spacing ? { ...decoded, geometry: { ...decoded.geometry, spacing } } : decoded;
}

async function displayed({ format, pixels, geometry, warnings, display }: Frame, view: View): Promise<DecodedImage> {
  const { width, height, channels, bitDepth } = pixels;
  const { image, orientation, window, warnings: changes } = await display(view);
  return {
    image,
    warnings: [...warnings, ...changes],
    source: { format, width, height, channels, bitDepth },
    ...(geometry && { geometry }),
    ...(orientation && { orientation }),
    ...(window && { display: window }),
  };
}

/** The only image of a file. @throws InputError when it contains several, as any choice could be wrong */
export function onlyFrame(frames: readonly Frame[], file: string | NamedBytes, use: "image" | "labels" = "image"): Frame {
  const [frame, ...more] = frames;
  if (frame && more.length === 0) return frame;
  throw severalImages(typeof file === "string" ? file : file.name, frames.length, frame?.format, use);
}
