import { imageOf, planesOf } from "../../augment/image-planes.ts";
import { type AugmentSettings, augment, drawAugmentation, type SpatialParameters, spatial } from "../../augment/index.ts";
import { type Image, type Mask, type MaskRuns, maskOfRuns, runsOfMask } from "../../image/index.ts";
import { type SquareSizes, samVariants, targetGrid } from "../../segment/index.ts";
import type { PromptSource } from "./target-grid.ts";

/** The masks of a target at the size of its image in the model's square. */
export interface TargetOutlines {
  readonly truth: MaskRuns;
  readonly coarse?: MaskRuns | undefined;
}

/** The outlines of masks of an image's size. A mask too small to cover half of any pixel keeps those of which it covers most. */
export function targetOutlines(truth: Mask, coarse: Mask | undefined, sizes: SquareSizes): TargetOutlines {
  return { truth: resizedOutline(truth, sizes), coarse: coarse && resizedOutline(coarse, sizes) };
}

function resizedOutline(mask: Mask, { variant, side }: SquareSizes): MaskRuns {
  const { width, height } = samVariants[variant].sizeWithin(mask, side);
  const data = new Uint8Array(width * height);
  const square = targetGrid(mask, { variant, side, cells: side })?.cells;
  if (square) for (let y = 0; y < height; y++) data.set(square.subarray(y * side, y * side + width), y * width);
  return runsOfMask({ width, height, data });
}

export interface AugmentTargetOptions extends SquareSizes {
  readonly settings: AugmentSettings;
  readonly seed: number;
}

/** What prompts are drawn from, with its outlines. */
export interface OutlinedSource extends PromptSource {
  readonly outlines?: TargetOutlines | undefined;
}

/** How often the change in space is drawn, until every target stays in the picture. */
const draws = 8;

/** The part of a target's pixels that must stay in the picture. */
const leastKept = 0.1;

/**
 * An image and the masks of its targets, changed together by one draw; texts play no part, so a mirrored image needs nothing else.
 *
 * A change in space that leaves less than a tenth of any target's pixels is drawn again, up to 8 times in all; then the image is changed in
 * its levels alone. So every target can be prompted for. A coarse mask that leaves the picture is dropped.
 *
 * @param image - of the model's size
 * @param targets - of this image, with outlines; some may be repeated
 * @param name - of the random numbers: the same name, seed and settings give the same bytes
 * @returns `sources`: those of the targets, in their order
 */
export function augmentedTargets(
  image: Image,
  targets: readonly OutlinedSource[],
  name: string,
  { settings, seed, ...sizes }: AugmentTargetOptions,
): { readonly image: Image; readonly sources: readonly PromptSource[] } {
  const different = [...new Set(targets)];
  const truths = different.map(({ outlines }) => maskOfRuns(outlines!.truth));
  const guesses = different.map(({ outlines }) => outlines!.coarse && maskOfRuns(outlines!.coarse));
  const sample = { image: planesOf(image), masks: [...truths, ...guesses.filter((guess) => guess !== undefined)] };
  const drawAt = (attempt: number) => drawAugmentation(settings, attempt === 0 ? name : `${name}/${attempt}`, 0, seed);
  const drawn = drawAt(0);
  const moved = movedSample(sample, truths.map(areaOf), (attempt) => (attempt === 0 ? drawn : drawAt(attempt)).spatial);
  const { image: planes } = augment(moved, { ...drawn, spatial: null });
  const [kept, others] = [moved.masks.slice(0, truths.length), moved.masks.slice(truths.length)];
  const sources = new Map<OutlinedSource, PromptSource>();
  for (const [i, target] of different.entries()) {
    const coarse = guesses[i] && targetGrid(others.shift()!, sizes);
    sources.set(target, { extent: target.extent, truth: targetGrid(kept[i]!, sizes)!, coarse });
  }
  return { image: imageOf(planes), sources: targets.map((target) => sources.get(target)!) };
}

type MaskedImage = { readonly image: ReturnType<typeof planesOf>; readonly masks: readonly Mask[] };

/** The sample after the first of some changes in space that keeps enough of the first masks; itself where none does. */
function movedSample(sample: MaskedImage, areas: readonly number[], spaceAt: (attempt: number) => SpatialParameters | null): MaskedImage {
  for (let attempt = 0; attempt < draws; attempt++) {
    const space = spaceAt(attempt);
    if (!space) return sample;
    const moved = spatial(sample, space);
    if (areas.every((area, i) => areaOf(moved.masks[i]!) >= Math.max(1, leastKept * area))) return moved;
  }
  return sample;
}

/** Number of foreground pixels. */
function areaOf({ data }: Mask): number {
  let area = 0;
  for (const value of data) area += value;
  return area;
}
