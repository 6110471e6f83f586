import { InputError } from "../errors.ts";
import { onlyFrame, openImage } from "./decode-image.ts";
import { readContent } from "./read-content.ts";
import { beginsLike } from "./sources/first-bytes.ts";
import type { Frame, Geometry, NamedBytes, StoredPixels } from "./sources/image-source.ts";
import { rasterFormats } from "./sources/raster-formats.ts";
import { readOpaquePixels } from "./sources/raster-pixels.ts";

/** The samples of an image file as they are stored, without display rule. */
export interface ImageChannels {
  readonly width: number;
  readonly height: number;
  /** Of a file 1 for gray, 3 for RGB. */
  readonly channels: number;
  /** Row-major [C, H, W]. */
  readonly data: Float32Array;
  /** Millimetres per pixel [row, column]; undefined if the file does not say. */
  readonly spacing: readonly [row: number, column: number] | undefined;
  /** Where it lies in the patient; undefined if the file does not say, as no picture does. */
  readonly geometry?: Geometry | undefined;
  /** Of a file without its name. */
  readonly warnings: readonly string[];
}

/**
 * The channels of an image file (pictures, DICOM, NIfTI; gray or RGB; any type of samples), as stored: nothing is scaled, windowed or rotated.
 * Palettes are expanded to RGB, 1 to 4 bits to 0..255, alpha is dropped with a warning.
 *
 * @throws InputError when it is missing, damaged, CMYK, holds several images, or is in no format that is read
 */
export async function readChannels(file: string): Promise<ImageChannels> {
  const content = await readContent(file);
  const { pixels, geometry, warnings } = await opened(content);
  const { width, height, space, hasAlpha } = pixels;
  if (space === "cmyk") throw new InputError(`"${file}" is a CMYK image; expected gray or RGB. Convert it to an RGB PNG first.`);
  return {
    width,
    height,
    channels: space === "gray" ? 1 : 3,
    data: planes(pixels),
    spacing: geometry?.spacing,
    geometry,
    warnings: hasAlpha ? [...warnings, "its alpha channel was dropped"] : warnings,
  };
}

/** Pictures with samples of all types, also those that have no display rule. */
async function opened(content: NamedBytes): Promise<Pick<Frame, "pixels" | "geometry" | "warnings">> {
  const isRaster = Object.values(rasterFormats).some(({ firstBytes }) => firstBytes.some((bytes) => beginsLike(content.bytes, bytes)));
  if (!isRaster) return onlyFrame(await openImage(content), content);
  const { warnings, ...pixels } = await readOpaquePixels(content);
  return { pixels, warnings };
}

/** From interleaved samples to one plane a channel. */
function planes({ data, width, height, stride, space }: StoredPixels): Float32Array {
  const channels = space === "gray" ? 1 : 3;
  const pixels = width * height;
  const result = new Float32Array(channels * pixels);
  for (let c = 0, at = 0; c < channels; c++) for (let i = c; at < (c + 1) * pixels; i += stride, at++) result[at] = data[i]!;
  return result;
}
