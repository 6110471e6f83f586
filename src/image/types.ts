/** An RGB image, 8 bits a channel, interleaved row-major [H, W, 3]. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** One 8-bit channel, row-major [H, W]: a saliency map as it is stored, or a mask file as it is read. */
export interface GrayImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** A binary mask, row-major [H, W], values 0 and 1. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The binary masks of the slices of a volume, values 0 and 1, the columns fastest: [slices, rows, columns]. */
export interface MaskStack {
  readonly slices: number;
  readonly rows: number;
  readonly columns: number;
  readonly data: Uint8Array;
}

/** A saliency map, row-major [H, W], values in [0, 1]. */
export interface SaliencyMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** A rectangle in pixels from the top left corner; x1 and y1 are exclusive. */
export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** A pixel position from the top left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A point given to SAM: positive points lie on the target, negative ones beside it. */
export interface LabelledPoint extends Point {
  readonly label: 0 | 1;
}

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}
