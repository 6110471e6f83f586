import type { Planes } from "../../augment/index.ts";
import { ShapeError } from "../../errors.ts";
import type { Box } from "../../image/index.ts";
import { nonZeroBox } from "../non-zero-box.ts";

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
  const box = nonZeroBox(image);
  const isZero = (pixel: number): boolean => {
    for (let i = pixel; i < data.length; i += size) if (data[i] !== 0) return false;
    return true;
  };
  const [rows, columns] = [box.y1 - box.y0, box.x1 - box.x0];
  const cut = new Float32Array(channels * rows * columns);
  const cutLabels = new Int16Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const from = (box.y0 + y) * width + box.x0;
    for (let c = 0; c < channels; c++) cut.set(data.subarray(c * size + from, c * size + from + columns), (c * rows + y) * columns);
    for (let x = 0, o = y * columns; x < columns; x++, o++) {
      const label = labels === undefined ? 0 : labels[from + x]!;
      cutLabels[o] = label === 0 && isZero(from + x) ? -1 : label;
    }
  }
  return { image: { channels, height: rows, width: columns, data: cut }, labels: cutLabels, box };
}
