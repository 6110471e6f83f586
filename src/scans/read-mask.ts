import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { checkedPath } from "../check/paths.ts";
import { InputError } from "../errors.ts";
import type { Size } from "../image/types.ts";
import { indexed, isWhiteZero } from "./_indexed.ts";
import { stored } from "./_stored.ts";
import { MaskError, type MaskReading, type MaskSamples, maskOf } from "./mask-rule.ts";
import { readContent } from "./read-content.ts";
import { type AnyPixels, readAnyPixels } from "./sources/raster-pixels.ts";

export interface ReadMaskOptions {
  /** The value of a label image that is foreground. */
  readonly label?: number | undefined;
  /** The image that the mask belongs to, whose size it must have; `file` is for the message. */
  readonly image?: (Size & { readonly file: string }) | undefined;
}

const Options = z.strictObject({
  label: z.number().optional(),
  image: z.looseObject({ width: z.number().int().positive(), height: z.number().int().positive(), file: z.string() }).optional(),
});

/**
 * Reads a mask file (png, tiff, jpeg, webp) by the one rule of `maskOf`. Palettes count by index, 1 to 4 bits as they are stored.
 *
 * @throws MaskError when it is a label image and none of its labels is chosen, or has another size than its image
 * @throws InputError when it is missing, damaged, CMYK, or not such a file
 */
export async function readMask(file: string, options: ReadMaskOptions = {}): Promise<MaskReading> {
  const { label, image } = checkedOptions(Options, options, "readMask");
  const content = await readContent(checkedPath(file, "readMask"));
  const palette = indexed(content.bytes);
  const pixels = await readAnyPixels(palette ? { name: file, bytes: palette.asGray } : content);
  const { width, height, space } = pixels;
  if (space === "cmyk") throw new InputError(`"${file}" is a CMYK image; expected a mask in gray, colours or with a palette`);
  if (image && (width !== image.width || height !== image.height)) {
    throw new MaskError(
      "another size than the image",
      `"${file}" has ${width} x ${height} pixels, "${image.file}" has ${image.width} x ${image.height}; a mask must have the size of its image`,
    );
  }
  const turned = space === "gray" && isWhiteZero(content.bytes) ? asStored(pixels) : undefined;
  const samples: MaskSamples = {
    ...stored(turned ?? pixels),
    width,
    height,
    ...(palette ? { kind: "palette", palette } : { kind: space }),
  };
  const { mask, warnings } = maskOf(samples, { label, name: file });
  return { mask, warnings: [...pixels.warnings, ...(turned ? [storedLabels] : []), ...warnings] };
}

const storedLabels = "a TIFF with white as 0 whose stored values are all small: taken as labels, as they are stored";

/**
 * The stored samples of a TIFF with white as 0, which the decoder has turned round, where they are all small: then they are labels, 0 and 1, and not
 * levels of gray. Undefined where they are levels.
 */
function asStored(pixels: AnyPixels): AnyPixels | undefined {
  const { data, bitDepth } = pixels;
  if (bitDepth < 8 || !(data instanceof Uint8Array || data instanceof Uint16Array)) return undefined;
  const full = data instanceof Uint8Array ? 255 : 65535;
  for (let i = 0; i < data.length; i++) if (data[i]! < full / 2) return undefined;
  return { ...pixels, data: data.map((value) => full - value) };
}
