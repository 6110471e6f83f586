import { imageOf, planesOf } from "../augment/image-planes.ts";
import { type AugmentSettings, augment, drawAugmentation } from "../augment/index.ts";
import type { Box, Image, Mask, MaskRuns } from "../image/index.ts";
import { type RandomStream, uniform } from "../tensor/random.ts";
import { coverage } from "./coverage.ts";
import { centrePart, centreView, cropView } from "./views.ts";

/** How a picture and what is outlined in it are augmented. */
export interface AugmentRequest {
  readonly settings: AugmentSettings;
  readonly key: string;
  readonly epoch: number;
  readonly seed: number;
  /** Of the whole image. */
  readonly outlines: readonly MaskRuns[];
  /** Cells along a side, for which it is wanted how much the outlines cover. */
  readonly grid: number;
  /** Probability of a part of the image that shows nothing of any outline, where there is one. */
  readonly emptyCrops: number;
}

/** An augmented picture. */
export interface AugmentedView {
  /** [S, S, 3], 8 bits. */
  readonly pixels: Uint8Array;
  /** [outlines, grid · grid], how much of each cell each outline covers, in [0, 1]. */
  readonly coverage: Float32Array<ArrayBuffer>;
  /** Whether left and right are exchanged. */
  readonly isMirrored: boolean;
  /** Whether it is a part that was chosen to show nothing of any outline, so that the caption does not describe it. */
  readonly isEmptyCrop: boolean;
}

/** Sides of a part without outlines, as a share of the image's, and how many are tried. */
const emptyParts = { least: 0.3, most: 1, tries: 24 } as const;

/**
 * The picture of a pair as a training with augmentation sees it: a part of the image, resized to `side`, then transformed together with its outlines.
 * All draws depend on key, epoch and seed alone.
 *
 * @param part - the part that is seen, in pixels; undefined: the middle
 */
export function augmentedView(image: Image, side: number, part: Box | undefined, request: AugmentRequest): AugmentedView {
  const { settings, key, epoch, seed, outlines, grid, emptyCrops } = request;
  const u = uniform(`data/empty-crop/${epoch}/${key}`, seed);
  const empty = outlines.length > 0 && u.at(0) < emptyCrops ? emptyPart(image, outlines, u) : undefined;
  const seen = empty ?? part;
  const view = seen ? cropView(image, seen, side) : centreView(image, side);
  const place = seen ?? centrePart(image, side);
  const masks = outlines.map((outline) => maskIn(outline, place, side));
  const drawn = drawAugmentation(settings, key, epoch, seed);
  const { image: planes, masks: moved = [] } = augment({ image: planesOf(view), masks }, drawn);
  const covered = new Float32Array(outlines.length * grid * grid);
  for (const [i, mask] of moved.entries()) covered.set(cellsOf(mask, grid), i * grid * grid);
  const isMirrored = drawn.spatial?.mirror.horizontal ?? false;
  return { pixels: imageOf(planes).data, coverage: covered, isMirrored, isEmptyCrop: empty !== undefined };
}

/** The largest of some random parts in which no outline shows. */
function emptyPart({ width, height }: Image, outlines: readonly MaskRuns[], u: RandomStream): Box | undefined {
  let best: Box | undefined;
  let largest = 0;
  for (let i = 0; i < emptyParts.tries; i++) {
    const [a, b, c, d] = [1, 2, 3, 4].map((k) => u.at(4 * i + k)) as [number, number, number, number];
    const share = (draw: number) => emptyParts.least + (emptyParts.most - emptyParts.least) * draw;
    const [w, h] = [Math.round(width * share(a)), Math.round(height * share(b))];
    const [x0, y0] = [Math.floor(c * (width - w + 1)), Math.floor(d * (height - h + 1))];
    const box = { x0, y0, x1: x0 + w, y1: y0 + h };
    if (w * h <= largest || outlines.some((outline) => coverage(outline, box, 1)[0]! > 0)) continue;
    [best, largest] = [box, w * h];
  }
  return best;
}

/** An outline's pixels in a part that is resized to a square. */
function maskIn(outline: MaskRuns, part: Box, side: number): Mask {
  const covered = coverage(outline, part, side);
  const data = new Uint8Array(covered.length);
  for (let i = 0; i < data.length; i++) data[i] = covered[i]! >= 0.5 ? 1 : 0;
  return { width: side, height: side, data };
}

/** How much of each cell a square mask covers. */
function cellsOf({ width, data }: Mask, grid: number): Float32Array {
  const covered = new Float32Array(grid * grid);
  const share = (grid / width) ** 2;
  for (let y = 0; y < width; y++) {
    const row = Math.floor((y * grid) / width) * grid;
    for (let x = 0; x < width; x++) if (data[y * width + x]) covered[row + Math.floor((x * grid) / width)]! += share;
  }
  return covered;
}
