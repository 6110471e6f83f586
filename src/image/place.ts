import { blend, linearAxis } from "./_linear.ts";
import { channelsOf, checkSize } from "./_raster.ts";
import { resample, type Taps, tapsOf, zeroPadded } from "./_resample.ts";
import { opencvNearest } from "./opencv-resize.ts";
import { pillowResize } from "./pillow-resize.ts";
import type { Box, Image, SaliencyMap, Size } from "./types.ts";

/**
 * How a picture of any shape becomes the square that CLIP sees.
 *
 * - `crop`: the shorter side is made to fit, the centre is cropped, the rest is not seen; CLIP was trained with this.
 * - `squash`: everything is seen, the aspect ratio changes.
 * - `pad`: everything is seen with its aspect ratio, between black bars.
 */
export type Fit = "crop" | "squash" | "pad";

/**
 * Where a square view lies on its image. The centre of the image's pixel (x, y) is at
 *
 *   u = (x + 0.5) · scaleX - offsetX,   v = (y + 0.5) · scaleY - offsetY
 *
 * in the view, whose pixel i covers [i, i + 1).
 */
export interface MapWindow {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly offsetX: number;
  readonly offsetY: number;
  /** The pixels of the image whose centres lie inside the view. */
  readonly box: Box;
}

/**
 * The square that CLIP sees, resized with Pillow's bicubic filter, and where it lies on the image.
 *
 * Only what is seen is computed, so extreme aspect ratios cost no more than others.
 *
 * @param image - [H, W, 3], at least one pixel
 * @param side - length of the square's sides in pixels
 * @returns pixels [side, side, 3]
 * @throws ShapeError when the image has no pixel or the side is not at least 1
 */
export function clipView(image: Image, fit: Fit, side = 224): { pixels: Image; window: MapWindow } {
  channelsOf(image, "clipView");
  checkSize({ width: side, height: side }, "clipView");
  return views[fit](image, side);
}

const views: Record<Fit, typeof cropView> = { crop: cropView, squash: squashView, pad: padView };

function cropView(image: Image, side: number): { pixels: Image; window: MapWindow } {
  const short = Math.min(image.width, image.height);
  const fitted = (length: number): number => (length === short ? side : Math.floor((side * length) / short));
  const size = { width: fitted(image.width), height: fitted(image.height) };
  const x0 = Math.floor((size.width - side) / 2);
  const y0 = Math.floor((size.height - side) / 2);
  const pixels = pillowResize(image, size, "bicubic", { x0, y0, x1: x0 + side, y1: y0 + side });
  return { pixels, window: windowOf(image, side, size.width / image.width, size.height / image.height, x0, y0) };
}

function squashView(image: Image, side: number): { pixels: Image; window: MapWindow } {
  const pixels = pillowResize(image, { width: side, height: side }, "bicubic");
  return { pixels, window: windowOf(image, side, side / image.width, side / image.height, 0, 0) };
}

function padView(image: Image, side: number): { pixels: Image; window: MapWindow } {
  const square = Math.max(image.width, image.height);
  const left = Math.floor((square - image.width) / 2);
  const top = Math.floor((square - image.height) / 2);
  const taps: Taps = tapsOf(square, side, "bicubic");
  const pixels = resample(image, zeroPadded(taps, left, image.width), zeroPadded(taps, top, image.height));
  const scale = side / square;
  return { pixels, window: windowOf(image, side, scale, scale, 0 - left * scale, 0 - top * scale) };
}

function windowOf(image: Size, side: number, scaleX: number, scaleY: number, offsetX: number, offsetY: number): MapWindow {
  const [x0, x1] = seen(image.width, side, scaleX, offsetX);
  const [y0, y1] = seen(image.height, side, scaleY, offsetY);
  return { scaleX, scaleY, offsetX, offsetY, box: { x0, y0, x1, y1 } };
}

/** The part of a view that shows its image, the rest being padding, in pixels of the view, not rounded. */
export function partOfImage({ scaleX, scaleY, offsetX, offsetY }: MapWindow, { width, height }: Size, side: number): Box {
  const inView = (position: number) => Math.min(side, Math.max(0, position));
  return {
    ...{ x0: inView(0 - offsetX), y0: inView(0 - offsetY) },
    ...{ x1: inView(width * scaleX - offsetX), y1: inView(height * scaleY - offsetY) },
  };
}

/** The pixels [first, end) of an axis whose centres lie in [0, side) of the view. */
function seen(length: number, side: number, scale: number, offset: number): [first: number, end: number] {
  const at = (x: number): number => (x + 0.5) * scale - offset;
  let first = Math.max(0, Math.floor(offset / scale) - 1);
  while (first < length && at(first) < 0) first++;
  let end = Math.min(length, Math.ceil((side + offset) / scale) + 1);
  while (end > first && at(end - 1) >= side) end--;
  return [first, end];
}

/**
 * A map of the view placed where the view was: bilinear inside the window (half-pixel centres, edge clamp), 0 elsewhere.
 *
 * @param map - [side, side], values in [0, 1]
 * @param size - the image's size
 * @throws ShapeError when the map does not have side · side values
 */
export function placeMap(map: Float32Array, side: number, window: MapWindow, size: Size): SaliencyMap {
  channelsOf({ width: side, height: side, data: map }, "placeMap");
  const { x0, y0, x1, y1 } = window.box;
  const x = linearAxis(x1 - x0, 0, side, (i) => (x0 + i + 0.5) * window.scaleX - window.offsetX - 0.5);
  const y = linearAxis(y1 - y0, 0, side, (i) => (y0 + i + 0.5) * window.scaleY - window.offsetY - 0.5);
  const inside = blend(map, side, x, y); // [y1 - y0, x1 - x0]
  const data = new Float32Array(size.width * size.height);
  const width = x1 - x0;
  for (let row = y0; row < y1; row++) data.set(inside.subarray((row - y0) * width, (row - y0 + 1) * width), row * size.width + x0);
  return { width: size.width, height: size.height, data };
}

/**
 * A map of the view stretched over the whole image with OpenCV's nearest neighbour, wherever the view was: the released
 * behaviour, which moves saliency sideways on images that are not square.
 *
 * @param map - [side, side], values in [0, 1]
 */
export function stretchMap(map: Float32Array, side: number, size: Size): SaliencyMap {
  return opencvNearest({ width: side, height: side, data: map }, size);
}
