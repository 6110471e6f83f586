import { ShapeError } from "../errors.ts";
import { bilinear, type Mask, type Raster, type Size } from "../image/index.ts";

/** How the mask logits of an image lie on it. */
export interface Placement {
  /** Of the original image. */
  readonly size: Size;
  /** Of the image within the model's square input. */
  readonly resized: Size;
  /** The model's `imageSize`. */
  readonly side: number;
}

/**
 * Mask logits at the size of the image: enlarged to the model's square, cut to the part that the image fills, then resized to
 * the image. Both steps are bilinear; leaving one out moves edges.
 */
export function logitsOfImage(logits: Float32Array, { size, resized, side }: Placement): Raster<Float32Array> {
  const square = bilinear(squareOf(logits), { width: side, height: side });
  return bilinear(square, size, { x0: 0, y0: 0, x1: resized.width, y1: resized.height });
}

/** A plane [l, l]. @throws ShapeError when it is no square */
export function squareOf(logits: Float32Array): Raster<Float32Array> {
  const length = Math.sqrt(logits.length);
  if (!Number.isInteger(length)) throw new ShapeError(`the logits of a mask must be a square, got ${logits.length} values`);
  return { width: length, height: length, data: logits };
}

/** 1 where a map is above a threshold. */
export function above({ width, height, data }: Raster<Float32Array>, threshold: number): Mask {
  const mask = new Uint8Array(data.length);
  for (let i = 0; i < mask.length; i++) mask[i] = data[i]! > threshold ? 1 : 0;
  return { width, height, data: mask };
}

/**
 * The pixels that lie in any of some masks.
 *
 * @throws ShapeError when there is none or their sizes differ
 */
export function unionOf(masks: readonly Mask[]): Mask {
  const [first] = masks;
  if (!first) throw new ShapeError("unionOf: at least one mask is needed");
  const data = new Uint8Array(first.data.length);
  for (const mask of masks) {
    if (mask.width !== first.width || mask.height !== first.height) {
      throw new ShapeError(`unionOf: masks must have one size, got ${first.width} x ${first.height} and ${mask.width} x ${mask.height}`);
    }
    for (let i = 0; i < data.length; i++) if (mask.data[i] !== 0) data[i] = 1;
  }
  return { width: first.width, height: first.height, data };
}
