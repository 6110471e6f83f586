import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { checkedFile } from "../check/paths.ts";
import { InputError } from "../errors.ts";
import type { Image } from "../image/types.ts";
import { readContent } from "./read-content.ts";
import { foreignFormatOf, unreadable } from "./sources/foreign.ts";
import type { Frame, Geometry, NamedBytes } from "./sources/image-source.ts";
import { promisedSource, sourceOf } from "./sources/source-of.ts";

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
  /** Absent if the file does not contain it, as in all raster formats. */
  readonly geometry?: Geometry;
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
  return await source.frames(content);
}

const Options = z.strictObject({ mode: z.enum(["paper", "reference"]).default("paper") });
type DecodeOptions = z.input<typeof Options>;

/**
 * An image file as 8-bit RGB. Of picture files byte for byte what Pillow's `convert("RGB")` gives: alpha is dropped without compositing, palettes are
 * expanded, gray is repeated, 16-bit colour keeps its high byte, colour profiles and EXIF orientation are ignored (with a warning). Of NIfTI files
 * unsigned 8-bit values are kept, others mapped from their percentiles 0.5 and 99.5 to 0 and 255 (with a warning).
 *
 * @param file - its path, or its content with a name
 * @param options.mode - default paper; 16-bit gray alone differs: `reference` clips at 255 as Pillow does, which turns a 12-bit radiograph white;
 *   `paper` maps its smallest and largest value to 0 and 255. Both say what they did
 * @throws InputError when the file is missing, empty, cut short, damaged, too large, in no format that is read, or holds several images
 */
export async function decodeImage(file: string | NamedBytes, options: DecodeOptions = {}): Promise<DecodedImage> {
  const { mode } = checkedOptions(Options, options, "decodeImage");
  const checked = checkedFile<NamedBytes>(file, "decodeImage");
  const { format, pixels, geometry, warnings, display } = onlyFrame(await openImage(checked), checked);
  const { width, height, channels, bitDepth } = pixels;
  const { image, warnings: changes } = await display({ mode });
  const source = { format, width, height, channels, bitDepth };
  return { image, warnings: [...warnings, ...changes], source, ...(geometry && { geometry }) };
}

/** The only image of a file. @throws InputError when it contains several, as any choice could be wrong */
export function onlyFrame(frames: readonly Frame[], file: string | NamedBytes): Frame {
  const [frame, ...more] = frames;
  if (frame && more.length === 0) return frame;
  throw new InputError(
    `"${typeof file === "string" ? file : file.name}" holds ${frames.length} images; one is expected. Save the one that is meant as a file of its own first.`,
  );
}
