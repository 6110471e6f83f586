import { type Box, type Image, pillowResize, type Size } from "../image/index.ts";
import { roundHalfEven } from "../round-half-even.ts";
import { uniform } from "../tensor/random.ts";

/** The range of a random crop. */
export interface CropRange {
  /** Least and greatest share of the image's area. */
  readonly scale: readonly [number, number];
  /** Least and greatest width / height. */
  readonly ratio: readonly [number, number];
}

/** Of the released training. */
export const defaultCrop: CropRange = { scale: [0.9, 1], ratio: [3 / 4, 4 / 3] };

/** Four numbers in [0, 1) for one attempt: area, width / height, top, left. */
export type CropDraws = (attempt: number) => readonly [area: number, ratio: number, top: number, left: number];

const attempts = 10;

/**
 * A random part of an image, as torchvision's RandomResizedCrop chooses it. An attempt draws
 *
 *   area  = H W (a₀ + (a₁ - a₀) u₁),   r = exp(ln r₀ + (ln r₁ - ln r₀) u₂)
 *   width = round(√(area r)),   height = round(√(area / r))            (halves to even)
 *   top   = ⌊u₃ (H - height + 1)⌋,   left = ⌊u₄ (W - width + 1)⌋
 *
 * and is refused when the part does not fit. After ten refusals the part is the largest centred one whose width / height is in range, so
 * images that are too long for the range are never augmented.
 *
 * @returns the part, and how many attempts it took; 11 where all were refused
 */
export function randomCrop(
  { width, height }: Size,
  draws: CropDraws,
  { scale, ratio }: CropRange = defaultCrop,
): { box: Box; attempts: number } {
  const [narrow, wide] = [Math.log(ratio[0]), Math.log(ratio[1])];
  for (let attempt = 0; attempt < attempts; attempt++) {
    const [u1, u2, u3, u4] = draws(attempt);
    const area = height * width * (scale[0] + (scale[1] - scale[0]) * u1);
    const r = Math.exp(narrow + u2 * (wide - narrow));
    const w = roundHalfEven(Math.sqrt(area * r));
    const h = roundHalfEven(Math.sqrt(area / r));
    if (w <= 0 || h <= 0 || w > width || h > height) continue;
    return { box: boxAt(Math.floor(u4 * (width - w + 1)), Math.floor(u3 * (height - h + 1)), w, h), attempts: attempt + 1 };
  }
  const shape = width / height;
  const w = shape > ratio[1] ? roundHalfEven(height * ratio[1]) : width;
  const h = shape < ratio[0] ? roundHalfEven(width / ratio[0]) : height;
  return { box: boxAt(Math.floor((width - w) / 2), Math.floor((height - h) / 2), w, h), attempts: attempts + 1 };
}

/** The draws of a pair in an epoch. They depend on nothing else, so neither the order of pairs nor the number of workers matters. */
export function cropDraws(key: string, epoch: number, seed: number): CropDraws {
  const stream = uniform(`data/crop/${epoch}/${key}`, seed);
  return (attempt) => [stream.at(4 * attempt), stream.at(4 * attempt + 1), stream.at(4 * attempt + 2), stream.at(4 * attempt + 3)];
}

/** A part of an image resized to a square of `side` pixels by Pillow's bicubic filter, [side, side, 3]. */
export function cropView(image: Image, box: Box, side: number): Image {
  return pillowResize(cropped(image, box), { width: side, height: side }, "bicubic");
}

/**
 * What a model sees of an image in validation: the shorter side resized to `side` by Pillow's bicubic filter, the middle kept, [side, side, 3].
 *
 * @remarks The offset is rounded half to even as in torchvision, where `clipView` rounds down as the processor of the saliency scripts does.
 */
export function centreView(image: Image, side: number): Image {
  const { size, box } = centrePlace(image, side);
  return pillowResize(image, size, "bicubic", box);
}

/** The part of an image that `centreView` shows, in its own pixels; edges may lie inside of pixels. */
export function centrePart(image: Size, side: number): Box {
  const { size, box } = centrePlace(image, side);
  const [x, y] = [image.width / size.width, image.height / size.height];
  return { x0: box.x0 * x, y0: box.y0 * y, x1: box.x1 * x, y1: box.y1 * y };
}

/** The size to which an image is resized, and the part of that which is kept. */
function centrePlace({ width, height }: Size, side: number): { size: Size; box: Box } {
  const short = Math.min(width, height);
  const fitted = (length: number): number => (length === short ? side : Math.floor((side * length) / short));
  const size = { width: fitted(width), height: fitted(height) };
  return { size, box: boxAt(roundHalfEven((size.width - side) / 2), roundHalfEven((size.height - side) / 2), side, side) };
}

/** The pixels of a box alone: a resize must not look beyond its edges, as Pillow's does not after a crop. */
function cropped({ width, data }: Image, { x0, y0, x1, y1 }: Box): Image {
  const row = 3 * (x1 - x0);
  const part = new Uint8Array(row * (y1 - y0));
  for (let y = y0; y < y1; y++) part.set(data.subarray(3 * (y * width + x0), 3 * (y * width + x1)), (y - y0) * row);
  return { width: x1 - x0, height: y1 - y0, data: part };
}

const boxAt = (x0: number, y0: number, width: number, height: number): Box => ({ x0, y0, x1: x0 + width, y1: y0 + height });
