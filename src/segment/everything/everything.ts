import type { z } from "zod";
import { described } from "../../check/described.ts";
import { checkedNames, checkedOptions, checkedSignal } from "../../check/options.ts";
import { checkedImage } from "../../check/pictures.ts";
import { InputError, ShapeError, throwIfCancelled } from "../../errors.ts";
import {
  areaPx,
  type Box,
  boundsOf,
  cutImage,
  type Image,
  type MaskRuns,
  maskOfRuns,
  type Point,
  type Raster,
  runsOfMask,
  type Size,
} from "../../image/index.ts";
import { above } from "../postprocess.ts";
import { type ImageEmbedding, type Prediction, SamPredictor } from "../predictor.ts";
import { type Crop, cropsOf, pointGrid } from "./grid.ts";
import { nonMaximumSuppression } from "./non-maximum-suppression.ts";
import { EverythingOptions } from "./options.ts";
import { withoutSmallRegions } from "./small-regions.ts";

/** A region that was found without being asked for. */
export interface Region {
  /** Its mask, at the size of the image; `maskOfRuns` gives the pixels. */
  readonly runs: MaskRuns;
  readonly areaPx: number;
  readonly box: Box;
  /** The model's prediction of the IoU with the ground truth. */
  readonly predictedIou: number;
  /** IoU of the masks at a higher and a lower logit; 1 is a sharp edge. */
  readonly stability: number;
  /** The prompt that found it. */
  readonly point: Point;
  /** The part of the image that the model saw. */
  readonly crop: Box;
}

/** What the work on an image takes beside the options. */
export interface EverythingWork {
  /** SAM's embedding of the whole image, where it is known. */
  readonly embedding?: ImageEmbedding | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Points answered in one call of the decoder. With the published decoder on two busy cores 1, 2, 4, 8, 16 and 32 took 204, 173, 149, 119, 133 and
 * 117 ms a point, and 0.3, 0.4, 0.6, 0.9, 1.3 and 2.4 GB. The official generator takes 64.
 */
const pointsACall = 8;

/**
 * "Segment everything": prompts with a grid of points and keeps the masks that the model is sure of, that hardly change with the threshold and
 * that no surer one repeats. Each point gives three candidate masks, as what it means is ambiguous.
 *
 * @returns regions by falling predicted IoU; with crops those of smaller crops come first
 * @throws ConfigError for options out of range, InputError for what is no predictor, ShapeError for the embedding of an image of another size, CancelledError when the signal fires
 * @see Kirillov et al. 2023, arXiv:2304.02643, section 5 and appendix B; SamAutomaticMaskGenerator of segment-anything 1.0
 * @example const regions = await everything(predictor, image, { pointsPerSide: 16 });
 */
export async function everything(
  predictor: SamPredictor,
  image: Image,
  options: EverythingOptions = {},
  work: EverythingWork = {},
): Promise<Region[]> {
  if (!(predictor instanceof SamPredictor))
    throw new InputError(`everything: predictor must be a SamPredictor, such as model.mask.sam of loadModel, got ${described(predictor)}.`);
  const pixels = checkedImage(image, "everything");
  const { embedding, signal } = checkedNames(work, ["embedding", "signal"], "everything");
  checkedSignal(signal, "everything");
  const size = embedding?.size; // the rest of it is checked by the predictor
  if (size && (size.width !== pixels.width || size.height !== pixels.height)) {
    throw new ShapeError(
      `everything: the embedding is of an image of ${size.width} x ${size.height}, the image has ${pixels.width} x ${pixels.height}.`,
    );
  }
  const checked = checkedOptions(EverythingOptions, options, "everything");
  const crops = cropsOf(pixels, checked.cropLayers, checked.cropOverlap);
  const found: Region[] = [];
  for (const crop of crops) found.push(...(await regionsOfCrop(predictor, pixels, crop, checked, work)));
  const inverse = found.map(({ crop }) => 1 / ((crop.x1 - crop.x0) * (crop.y1 - crop.y0)));
  const kept = crops.length > 1 ? chosen(found, inverse, checked.cropNms) : found;
  return checked.minRegionArea > 0 ? cleaned(kept, checked) : kept;
}

type Checked = z.output<typeof EverythingOptions>;

const chosen = (regions: readonly Region[], scores: ArrayLike<number>, most: number): Region[] =>
  nonMaximumSuppression(
    regions.map(({ box }) => box),
    scores,
    most,
  ).map((i) => regions[i]!);

async function regionsOfCrop(
  predictor: SamPredictor,
  image: Image,
  { box: crop, layer }: Crop,
  options: Checked,
  { embedding: whole, signal }: EverythingWork,
): Promise<Region[]> {
  const part = layer === 0 ? image : cutImage(image, crop);
  const embedding = layer === 0 && whole ? whole : await predictor.setImage(part);
  const perSide = Math.max(1, Math.floor(options.pointsPerSide / options.cropPointsDivisor ** layer));
  const points = pointGrid(perSide, part);
  const found: Region[] = [];
  for (let from = 0; from < points.length; from += pointsACall) {
    throwIfCancelled(signal);
    const some = points.slice(from, from + pointsACall).map((point) => ({ ...point, label: 1 }) as const);
    for (const [i, prediction] of (await predictor.predictEach(some, { embedding })).entries())
      found.push(...candidatesOf(prediction, some[i]!, crop, image, options));
  }
  return chosen(
    found,
    found.map(({ predictedIou }) => predictedIou),
    options.boxNms,
  );
}

/** The masks of a point that pass all thresholds, where they lie in the image. */
function candidatesOf(prediction: Prediction, point: Point, crop: Box, image: Size, options: Checked): Region[] {
  const { pointMasks, predIou, stability: leastStability, stabilityOffset } = options;
  const found: Region[] = [];
  const indices = [...prediction.scores.keys()];
  for (const index of pointMasks === "single" ? indices.slice(0, 1) : indices.slice(1)) {
    const predictedIou = prediction.scores[index]!;
    if (predIou > 0 && !(predictedIou > predIou)) continue;
    const logits = prediction.fullLogits(index);
    const stability = stabilityOf(logits, stabilityOffset);
    if (leastStability > 0 && !(stability >= leastStability)) continue;
    const mask = above(logits, 0);
    const bounds = boundsOf(mask);
    if (!bounds) continue;
    const box = { x0: bounds.x0 + crop.x0, y0: bounds.y0 + crop.y0, x1: bounds.x1 + crop.x0, y1: bounds.y1 + crop.y0 };
    if (isCutOff(box, crop, image)) continue;
    found.push({
      runs: runsOfMask(inImage(mask, crop, image)),
      areaPx: areaPx(mask),
      box,
      predictedIou,
      stability,
      point: { x: point.x + crop.x0, y: point.y + crop.y0 },
      crop,
    });
  }
  return found;
}

/** Pixels above the higher logit, as a share of those above the lower one, among which they are. */
function stabilityOf({ data }: Raster<Float32Array>, offset: number): number {
  let [inner, outer] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    if (data[i]! > offset) inner++;
    if (data[i]! > -offset) outer++;
  }
  return outer === 0 ? 0 : inner / outer;
}

/** Pixels from an edge of a crop at which a mask is taken for one that the edge cuts off. */
const nearEdge = 20;

/** Whether a mask ends at an edge of its crop that is no edge of the image: another crop shows it whole. */
function isCutOff(box: Box, crop: Box, { width, height }: Size): boolean {
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= nearEdge;
  const cuts = (end: number, ofCrop: number, ofImage: number): boolean => near(end, ofCrop) && !near(end, ofImage);
  // The last pixels of masks, as in the official package, against the ends of the crop.
  return cuts(box.x0, crop.x0, 0) || cuts(box.y0, crop.y0, 0) || cuts(box.x1 - 1, crop.x1, width) || cuts(box.y1 - 1, crop.y1, height);
}

/** Regions without small holes and islands. Masks that were whole before win over those that become like them. */
function cleaned(regions: readonly Region[], { minRegionArea, boxNms, cropNms }: Checked): Region[] {
  const scores: number[] = [];
  const clean = regions.map((region): Region => {
    const mask = maskOfRuns(region.runs);
    const better = withoutSmallRegions(mask, minRegionArea);
    scores.push(better === mask ? 1 : 0);
    if (better === mask) return region;
    return { ...region, runs: runsOfMask(better), areaPx: areaPx(better), box: boundsOf(better)! };
  });
  return chosen(clean, scores, Math.max(boxNms, cropNms));
}

function inImage(mask: Raster<Uint8Array>, { x0, y0, y1 }: Box, { width, height }: Size): Raster<Uint8Array> {
  if (mask.width === width && mask.height === height) return mask;
  const data = new Uint8Array(width * height);
  for (let y = y0; y < y1; y++) data.set(mask.data.subarray((y - y0) * mask.width, (y - y0 + 1) * mask.width), y * width + x0);
  return { width, height, data };
}
