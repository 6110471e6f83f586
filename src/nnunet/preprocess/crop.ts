import type { Planes } from "../../augment/index.ts";
import { ShapeError } from "../../errors.ts";
import type { Box, Size } from "../../image/index.ts";

/** An image cut to its non-zero part. */
export interface Cropped {
  readonly image: Planes;
  /** [H, W]; -1 where all channels are zero and the label was 0. */
  readonly labels: Int16Array;
  /** The part of the original image. */
  readonly box: Box;
}

/**
 * Cuts an image to the smallest box that holds all pixels with a value in any channel. In it, pixels that are zero in all channels and have no
 * label get the label -1. Holes in the body are among them: nnU-Net fills holes in volumes, but in a single slice every pixel touches the outside.
 *
 * @param labels - [H, W]; without them all pixels have the label 0
 * @returns of an image without any value: all of it, and the label -1 everywhere that had none
 * @throws ShapeError when the labels have another size than the image
 */
export function cropToNonZero(image: Planes, labels?: Int16Array): Cropped {
  const { channels, height, width, data } = image;
  const size = height * width;
  if (data.length !== channels * size || (labels !== undefined && labels.length !== size)) {
    throw new ShapeError(
      `cropToNonZero: an image of [${channels}, ${height}, ${width}] does not fit ${data.length} values and ${labels?.length ?? size} labels`,
    );
  }
  const isNonZero = new Uint8Array(size);
  for (let c = 0, i = 0; c < channels; c++) for (let p = 0; p < size; p++, i++) if (data[i] !== 0) isNonZero[p] = 1;
  const box = boxOf(isNonZero, image) ?? { x0: 0, y0: 0, x1: width, y1: height };
  const [rows, columns] = [box.y1 - box.y0, box.x1 - box.x0];
  const cut = new Float32Array(channels * rows * columns);
  const cutLabels = new Int16Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const from = (box.y0 + y) * width + box.x0;
    for (let c = 0; c < channels; c++) cut.set(data.subarray(c * size + from, c * size + from + columns), (c * rows + y) * columns);
    for (let x = 0, o = y * columns; x < columns; x++, o++) {
      const label = labels === undefined ? 0 : labels[from + x]!;
      cutLabels[o] = label === 0 && isNonZero[from + x] === 0 ? -1 : label;
    }
  }
  return { image: { channels, height: rows, width: columns, data: cut }, labels: cutLabels, box };
}

function boxOf(isInside: Uint8Array, { width, height }: Size): Box | undefined {
  let [x0, x1, y0, y1] = [width, 0, height, 0];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (isInside[i] === 0) continue;
      if (x < x0) x0 = x;
      if (x >= x1) x1 = x + 1;
      if (y < y0) y0 = y;
      y1 = y + 1;
    }
  }
  return x1 > x0 ? { x0, y0, x1, y1 } : undefined;
}
