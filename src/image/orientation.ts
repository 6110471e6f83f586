import { channelsOf, type Raster } from "./_raster.ts";
import type { Size } from "./types.ts";

/**
 * How the pixels of a file must be turned to stand upright, as EXIF counts it: 1 not at all, 2 mirrored sideways, 3 by half a turn, 4 mirrored
 * upside down, 5 mirrored along the main diagonal, 6 a quarter turn clockwise, 7 mirrored along the other diagonal, 8 a quarter turn anticlockwise.
 *
 * @see CIPA DC-008 (EXIF 2.32), section 4.6.4, tag 274
 */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Where the upright pixel (x, y) is stored: at (x, y), or at (y, x) if swapped, then counted from the right and from below if mirrored. */
interface Turn {
  readonly isSwapped: boolean;
  readonly isMirroredX: boolean;
  readonly isMirroredY: boolean;
}

const turns: Record<Orientation, Turn> = {
  1: { isSwapped: false, isMirroredX: false, isMirroredY: false },
  2: { isSwapped: false, isMirroredX: true, isMirroredY: false },
  3: { isSwapped: false, isMirroredX: true, isMirroredY: true },
  4: { isSwapped: false, isMirroredX: false, isMirroredY: true },
  5: { isSwapped: true, isMirroredX: false, isMirroredY: false },
  6: { isSwapped: true, isMirroredX: false, isMirroredY: true },
  7: { isSwapped: true, isMirroredX: true, isMirroredY: true },
  8: { isSwapped: true, isMirroredX: true, isMirroredY: false },
};

/** The turn back: the quarter turns undo each other, all others themselves. */
const turnsBack: Record<Orientation, Orientation> = { 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6 };

/** The orientation that a file tells by a number; 1 for numbers that mean nothing. */
export function orientationOf(value: number | undefined): Orientation {
  return value !== undefined && value in turns ? (value as Orientation) : 1;
}

/** Width and height after a turn, which swaps them from orientation 5 on; the same for the turn back. */
export function turnedSize({ width, height }: Size, orientation: Orientation): Size {
  return turns[orientation].isSwapped ? { width: height, height: width } : { width, height };
}

/**
 * A picture, mask or map as stored, turned upright.
 *
 * @param stored - row-major [H, W] or [H, W, C]
 * @returns [W, H] or [W, H, C] from orientation 5 on, else the same shape
 * @throws ShapeError when the samples do not fit the size
 */
export function turnUpright<Data extends Uint8Array | Float32Array>(stored: Raster<Data>, orientation: Orientation): Raster<Data> {
  const channels = channelsOf(stored, "turnUpright");
  const { width, height } = turnedSize(stored, orientation);
  const { isSwapped, isMirroredX, isMirroredY } = turns[orientation];
  const data = stored.data.slice() as Data;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = isSwapped ? [y, x] : [x, y];
      const from = (isMirroredY ? stored.height - 1 - row : row) * stored.width + (isMirroredX ? stored.width - 1 - column : column);
      for (let c = 0; c < channels; c++, at++) data[at] = stored.data[from * channels + c]!;
    }
  }
  return { width, height, data };
}

/**
 * What was found in an upright picture, such as its mask, turned back to lie as the file stores the picture.
 *
 * @param upright - row-major [H, W] or [H, W, C], of the size that `turnUpright` gave
 * @param orientation - the one that was given to `turnUpright`
 * @throws ShapeError when the samples do not fit the size
 */
export function turnBack<Data extends Uint8Array | Float32Array>(upright: Raster<Data>, orientation: Orientation): Raster<Data> {
  return turnUpright(upright, turnsBack[orientation]);
}
