import { grayOf, pillowResize } from "../image/index.ts";
import type { Box, GrayImage, Image } from "../image/types.ts";
import { lowFrequencies, side, type Thumbnail } from "./_frequencies.ts";
import { type Hash64, perceptualHashes } from "./perceptual-hash.ts";

/** Parts of an image by which it may be found: copies are often padded to a square, or cut to one. */
export const views = ["whole image", "without dark borders", "central square"] as const;

export type ViewName = (typeof views)[number];

/** One part of an image as near-duplicates are found by. */
export interface View {
  readonly name: ViewName;
  /** Hashes of it in each of `turns`. */
  readonly hashes: readonly Hash64[];
  readonly thumbnail: Thumbnail;
}

/** What near-duplicates of an image are found by: its `views`, without those that are the same as another. 2 to 6 kB. */
export type Fingerprint = readonly View[];

/** Levels of a border that count as dark: JPEG files have some noise in black. */
const darkest = 16;
/** Standard deviation of a thumbnail, in levels, below which there is no pattern to compare, only noise. */
const leastContrast = 1;
/** By how much the longer side must exceed the shorter one for the central square to be another picture. */
const leastElongation = 1.05;

/**
 * The fingerprint of an image: perceptual hashes and thumbnails of its views.
 *
 * @returns without views for an image without contrast, which would equal any other such image
 */
export function fingerprint(image: Image | GrayImage): Fingerprint {
  const gray = grayOf(image);
  const whole: Box = { x0: 0, y0: 0, x1: gray.width, y1: gray.height };
  const trimmed = withoutDarkBorders(gray);
  const boxes = [whole, trimmed, centralSquare(trimmed)];
  return boxes.flatMap((box, i): View[] => {
    if (boxes.slice(0, i).some((before) => isSame(before, box))) return [];
    const { data: levels } = pillowResize(part(gray, box), { width: side, height: side }, "lanczos");
    if (deviation(levels) < leastContrast) return [];
    const thumbnail = { levels, frequencies: lowFrequencies(levels) };
    return [{ name: views[i]!, hashes: perceptualHashes(thumbnail), thumbnail }];
  });
}

/** The smallest box around all pixels that are not dark; the whole image if all are. */
function withoutDarkBorders({ width, height, data }: GrayImage): Box {
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (data[i]! <= darkest) continue;
      if (x < x0) x0 = x;
      if (x >= x1) x1 = x + 1;
      if (y < y0) y0 = y;
      y1 = y + 1;
    }
  return x1 > x0 ? { x0, y0, x1, y1 } : { x0: 0, y0: 0, x1: width, y1: height };
}

function centralSquare(box: Box): Box {
  const [width, height] = [box.x1 - box.x0, box.y1 - box.y0];
  const length = Math.min(width, height);
  if (Math.max(width, height) < leastElongation * length) return box;
  const [x0, y0] = [box.x0 + ((width - length) >> 1), box.y0 + ((height - length) >> 1)];
  return { x0, y0, x1: x0 + length, y1: y0 + length };
}

const isSame = (a: Box, b: Box): boolean => a.x0 === b.x0 && a.y0 === b.y0 && a.x1 === b.x1 && a.y1 === b.y1;

function part({ width, data }: GrayImage, { x0, y0, x1, y1 }: Box): GrayImage {
  const out = new Uint8Array((x1 - x0) * (y1 - y0));
  for (let y = y0; y < y1; y++) out.set(data.subarray(y * width + x0, y * width + x1), (y - y0) * (x1 - x0));
  return { width: x1 - x0, height: y1 - y0, data: out };
}

function deviation(levels: Uint8Array): number {
  let [sum, squares] = [0, 0];
  for (const level of levels) {
    sum += level;
    squares += level * level;
  }
  return Math.sqrt(Math.max(0, squares / levels.length - (sum / levels.length) ** 2));
}
