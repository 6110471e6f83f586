import type { Size } from "../../image/index.ts";
import { smoothField } from "../../tensor/smooth-field.ts";
import type { SpatialParameters } from "./parameters.ts";

/** For each pixel of the result, row by row, its position in the image, in pixels from the centre of the first one. */
export interface Grid extends Size {
  readonly y: Float64Array;
  readonly x: Float64Array;
}

/**
 * The positions that a spatial augmentation samples. With d the offset of a pixel from the centre of the result:
 *
 *   source = scale · R (mirror · (d + elastic(d))) + centre of the image + shift
 *
 * @param image - the size of what is sampled
 * @param size - the size of the result
 */
export function samplingGrid(image: Size, size: Size, { angle, scale, shift, mirror, elastic }: SpatialParameters): Grid {
  const { width, height } = size;
  const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const [down, across] = [mirror.vertical ? -1 : 1, mirror.horizontal ? -1 : 1];
  const centre = { y: (image.height - 1) / 2 + shift[0] * image.height, x: (image.width - 1) / 2 + shift[1] * image.width };
  const grid = { ...size, y: new Float64Array(width * height), x: new Float64Array(width * height) };
  const bend = elastic && displacement(size, elastic);
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      let dy = row - (height - 1) / 2;
      let dx = column - (width - 1) / 2;
      if (bend) {
        dy += bend.y[i]!;
        dx += bend.x[i]!;
      }
      dy *= down;
      dx *= across;
      grid.y[i] = cos * dy - sin * dx + centre.y;
      grid.x[i] = cos * dx + sin * dy + centre.x;
    }
  }
  return grid;
}

function displacement({ width, height }: Size, { amplitude, cells, seed }: NonNullable<SpatialParameters["elastic"]>) {
  const pixels = amplitude * Math.min(width, height);
  const [y, x] = ["y", "x"].map((axis) => smoothField(`augment/elastic/${axis}`, seed, width, cells, cells, height)) as [
    Float32Array,
    Float32Array,
  ];
  for (let i = 0; i < y.length; i++) {
    y[i] = y[i]! * pixels;
    x[i] = x[i]! * pixels;
  }
  return { y, x };
}
