import { InputError } from "../errors.ts";
import type { LabelMap } from "../image/class-maps.ts";
import { indexed } from "./_indexed.ts";
import { stored, unturned } from "./_stored.ts";
import { onlyFrame, openImage } from "./decode-image.ts";
import { readContent } from "./read-content.ts";
import { beginsLike } from "./sources/first-bytes.ts";
import type { NamedBytes } from "./sources/image-source.ts";
import { rasterFormats } from "./sources/raster-formats.ts";
import { readAnyPixels } from "./sources/raster-pixels.ts";

/** A label map as a file holds it. */
export interface LabelFile {
  readonly labels: LabelMap;
  /** Millimetres per pixel [row, column]; undefined if the file does not say. */
  readonly spacing: readonly [row: number, column: number] | undefined;
  /** Without the file name. */
  readonly warnings: readonly string[];
}

/** Largest value that a label map holds. */
const mostLabel = 32767;

/** One file's samples, interleaved. */
interface Samples {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
  readonly stride: number;
  /** Leading samples of a pixel that are colours: 1 or 3. */
  readonly colours: number;
  /** The opacity of an opaque pixel, if the last sample of a pixel is one. */
  readonly opaque: number | undefined;
  readonly spacing: LabelFile["spacing"];
  readonly warnings: readonly string[];
}

/**
 * The label of each pixel of a file (png, tiff, jpeg, webp), as stored: palettes count by index, 1 to 4 bits are not spread over 0..255. A colour file
 * whose three channels agree in all pixels is read as gray, with a warning; it is never taken for three label maps.
 *
 * @throws InputError when it is missing or damaged, its channels differ, pixels are transparent, or values are no whole numbers from 0 to 32767
 */
export async function readLabels(file: string): Promise<LabelFile> {
  const { width, height, data, stride, colours, opaque, spacing, warnings } = await samplesOf(await readContent(file));
  const labels = new Int16Array(width * height);
  for (let i = 0, at = 0; i < labels.length; i++, at += stride) {
    const value = data[at]!;
    if (colours === 3 && (data[at + 1] !== value || data[at + 2] !== value)) {
      const colour = `[${value}, ${data[at + 1]}, ${data[at + 2]}]`;
      throw new InputError(
        `"${file}" is in colours (${colour} at column ${i % width}, row ${Math.floor(i / width)}); expected one label a pixel. Save it as a gray PNG whose levels are the labels.`,
      );
    }
    if (opaque !== undefined && data[at + stride - 1] !== opaque) {
      throw new InputError(`"${file}" has transparent pixels; expected one label a pixel. Save it as a gray PNG without alpha.`);
    }
    if (!(Number.isInteger(value) && value >= 0 && value <= mostLabel)) {
      throw new InputError(`"${file}" holds the value ${value}; labels are whole numbers from 0 to ${mostLabel}.`);
    }
    labels[i] = value;
  }
  const seen = colours === 3 ? [...warnings, "is in colours whose channels agree; it was read as gray"] : warnings;
  return { labels: { kind: "labels", width, height, data: labels }, spacing, warnings: seen };
}

async function samplesOf(content: NamedBytes): Promise<Samples> {
  const { name, bytes } = content;
  const isRaster = Object.values(rasterFormats).some(({ firstBytes }) => firstBytes.some((start) => beginsLike(bytes, start)));
  if (!isRaster) {
    const { pixels, geometry, warnings } = onlyFrame(await openImage(content), content, "labels");
    const { width, height, data, stride, space } = pixels;
    return { width, height, data, stride, colours: space === "gray" ? 1 : 3, opaque: undefined, spacing: geometry?.spacing, warnings };
  }
  const palette = indexed(bytes);
  const pixels = await readAnyPixels(palette ? { name, bytes: palette.asGray } : content);
  const { width, height, space, warnings } = pixels;
  if (space === "cmyk")
    throw new InputError(`"${name}" is a CMYK image; expected one label a pixel. Save it as a gray PNG whose levels are the labels.`);
  const { data, stride, hasAlpha, full } = unturned(stored(pixels), bytes);
  const opaque = hasAlpha ? full : undefined;
  return { width, height, data, stride, colours: space === "gray" ? 1 : 3, opaque, spacing: undefined, warnings };
}
