import { ShapeError } from "../errors.ts";
import type { Mask } from "../image/index.ts";

/** An image as float planes [C, H, W], row-major: 8-bit levels (0 to 255) or any other range, such as z-scores. */
export interface Planes {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** A binary mask with a name, whose left and right are exchanged when its image is mirrored. */
export interface NamedMask extends Mask {
  readonly name?: string;
}

/** An integer label of each pixel [H, W]; -1 may stand for pixels outside of the image, as in nnU-Net. */
export interface LabelMap {
  readonly width: number;
  readonly height: number;
  readonly data: Int16Array;
}

/** A training sample: an image and what belongs to it, all of the image's size. */
export interface Sample {
  readonly image: Planes;
  readonly masks?: readonly NamedMask[];
  readonly labels?: readonly LabelMap[];
  /** Captions or prompts. */
  readonly texts?: readonly string[];
}

/** A parameter of each channel; a list of one holds for all channels. */
export type PerChannel<T> = readonly T[];

/** @throws ShapeError when the image's data do not fit its shape */
export function checkPlanes({ channels, height, width, data }: Planes, where: string): void {
  if (channels > 0 && height > 0 && width > 0 && data.length === channels * height * width) return;
  throw new ShapeError(`${where}: an image of [${channels}, ${height}, ${width}] does not fit ${data.length} values`);
}

/** The planes of an image, each with its parameter. @throws ShapeError when there are parameters for another number of channels */
export function planesWith<T>({ channels, data }: Planes, parameters: PerChannel<T>, where: string): [plane: Float32Array, parameter: T][] {
  if (parameters.length !== 1 && parameters.length !== channels) {
    throw new ShapeError(`${where}: there must be one parameter, or one for each of ${channels} channels, got ${parameters.length}`);
  }
  const size = data.length / channels;
  return Array.from({ length: channels }, (_, c) => [
    data.subarray(c * size, (c + 1) * size),
    parameters[parameters.length === 1 ? 0 : c] as T,
  ]);
}
