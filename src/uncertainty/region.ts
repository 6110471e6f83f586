import { ConfigError } from "../errors.ts";
import type { LabelMap } from "../image/class-maps.ts";
import type { Mask } from "../image/types.ts";

/** How far around the true foreground calibration is measured, in pixels, unless another radius is given. */
export const calibrationRadiusPx = 10;

/**
 * A mask and all pixels within a radius of it (dilation by a disc), measured between pixel centres.
 *
 * @param radiusPx - 0 returns the mask; any finite number
 * @throws ConfigError for a radius below 0
 */
export function dilated({ width, height, data: mask }: Mask, radiusPx: number): Mask {
  if (!(radiusPx >= 0 && Number.isFinite(radiusPx))) throw new ConfigError(`dilated: the radius must be at least 0, got ${radiusPx}.`);
  const data = new Uint8Array(mask.length);
  const rows = Math.floor(radiusPx);
  for (let y = 0; y < height; y++) {
    // Only where a run of the mask begins or ends is the disc not already painted by the neighbours in the row.
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (mask[i] === 0) continue;
      let end = x;
      while (end + 1 < width && mask[i + end + 1 - x] === 1) end++;
      for (let dy = Math.max(-rows, -y); dy <= Math.min(rows, height - 1 - y); dy++) {
        const reach = Math.floor(Math.sqrt(radiusPx * radiusPx - dy * dy));
        const row = (y + dy) * width;
        data.fill(1, row + Math.max(0, x - reach), row + Math.min(width, end + reach + 1));
      }
      x = end;
    }
  }
  return { width, height, data };
}

/**
 * The dilated foreground: where calibration is measured, as most of an image is background that any network is rightly certain of.
 *
 * @param truth - pixels of a label above 0 are foreground; the region of an image without any is empty
 * @param options.radiusPx - default 10 (`calibrationRadiusPx`), about the width of the doubtful rim of an image of 256 x 256
 * @param options.ignore - the label of pixels that are not foreground
 */
export function foregroundRegion(truth: LabelMap, options: { readonly radiusPx?: number; readonly ignore?: number } = {}): Mask {
  const { width, height, data: labels } = truth;
  const data = Uint8Array.from(labels, (label) => (label > 0 && label !== options.ignore ? 1 : 0));
  return dilated({ width, height, data }, options.radiusPx ?? calibrationRadiusPx);
}
