import { ShapeError } from "../../errors.ts";
import type { Mask, Size } from "../../image/index.ts";
import type { RandomStream } from "../../tensor/random.ts";
import { between, type Range, seedFrom } from "../ranges.ts";
import { checkPlanes, type LabelMap, type Planes, type Sample } from "../types.ts";
import { type Grid, samplingGrid } from "./_grid.ts";
import { clampToEdge, dropBeyondCentres, sampleCubic, sampleLabels, sampleLinear, sampleMask } from "./_sampling.ts";
import type { Border, SpatialParameters } from "./parameters.ts";

/** The ranges of a spatial augmentation, and the probability of each part. */
export interface SpatialRanges {
  readonly rotation: { readonly probability: number; readonly degrees: Range };
  readonly scale: { readonly probability: number; readonly factor: Range };
  readonly shift: { readonly probability: number; readonly fraction: Range };
  readonly elastic: { readonly probability: number; readonly amplitude: Range; readonly cells: number };
  readonly mirror: { readonly horizontal: number; readonly vertical: number };
  readonly interpolation: "linear" | "cubic";
  readonly border: Border;
  readonly labelBorder: number;
}

/** Draws each part with its probability. Every number has its place in the stream: a part that is left out does not change the others. */
export function drawSpatial(u: RandomStream, ranges: SpatialRanges): SpatialParameters {
  const { rotation, scale, shift, elastic, mirror, interpolation, border, labelBorder } = ranges;
  const acts = (index: number, probability: number): boolean => u.at(index) < probability;
  return {
    angle: acts(0, rotation.probability) ? (between(rotation.degrees, u.at(1)) * Math.PI) / 180 : 0,
    scale: acts(2, scale.probability) ? between(scale.factor, u.at(3)) : 1,
    shift: acts(4, shift.probability) ? [between(shift.fraction, u.at(5)), between(shift.fraction, u.at(6))] : [0, 0],
    elastic: acts(7, elastic.probability)
      ? { amplitude: between(elastic.amplitude, u.at(8)), cells: elastic.cells, seed: seedFrom(u.at(9)) }
      : null,
    mirror: { horizontal: acts(10, mirror.horizontal), vertical: acts(11, mirror.vertical) },
    interpolation,
    border,
    labelBorder,
  };
}

/**
 * Rotation, scale, shift, elastic deformation and mirroring, in one resampling of the image and of all that belongs to it:
 *
 * - images: bilinear, or a cubic spline, which may leave the range of the image and ends at the centres of the edge pixels
 * - masks: bilinear, 1 above 0.5
 * - labels: the label with the greatest bilinear weight, the smaller of equal ones; outside counts as one label
 *
 * Texts and names of masks stay as they are; see `mirrorWords`. For any range of values.
 *
 * @param size - the size of the result, whose middle lies on that of the image before the shift; default: the image's size
 * @throws ShapeError when a mask or label map has another size than the image
 * @see SpatialTransform of batchgeneratorsv2; the elastic deformation is that of Ronneberger et al. 2015, U-Net
 */
export function spatial<S extends Sample>(sample: S, parameters: SpatialParameters, size: Size = sample.image): S {
  const { image, masks, labels } = sample;
  checkPlanes(image, "spatial");
  for (const part of [...(masks ?? []), ...(labels ?? [])]) {
    if (part.width !== image.width || part.height !== image.height || part.data.length !== image.width * image.height) {
      throw new ShapeError(
        `spatial: masks and labels must be of the image's size, ${image.width} x ${image.height}, got ${part.width} x ${part.height}`,
      );
    }
  }
  const grid = samplingGrid(image, { width: size.width, height: size.height }, parameters);
  if (parameters.border === "edge") clampToEdge(grid, image);
  else if (parameters.interpolation === "cubic") dropBeyondCentres(grid, image);
  return {
    ...sample,
    image: resampled(image, grid, parameters),
    ...(masks && { masks: masks.map((mask) => resampledMask(mask, grid)) }),
    ...(labels && { labels: labels.map((map) => resampledLabels(map, grid, parameters.labelBorder)) }),
  };
}

function resampled(image: Planes, grid: Grid, { interpolation, border }: SpatialParameters): Planes {
  const { channels, width, height } = image;
  const size = grid.width * grid.height;
  const data = new Float32Array(channels * size);
  const outside = border === "edge" ? 0 : border; // not reached with "edge"
  const sample = interpolation === "cubic" && !isOnPixels(grid) ? sampleCubic : sampleLinear;
  for (let c = 0; c < channels; c++) {
    const plane = image.data.subarray(c * width * height, (c + 1) * width * height);
    sample(plane, image, grid, outside, data.subarray(c * size, (c + 1) * size));
  }
  return { channels, width: grid.width, height: grid.height, data };
}

/** Whether no value lies between pixels, so that a spline would only add rounding errors. */
function isOnPixels({ y, x }: Grid): boolean {
  for (let i = 0; i < y.length; i++) if (!(Number.isInteger(y[i]) && Number.isInteger(x[i]))) return false;
  return true;
}

function resampledMask<M extends Mask>(mask: M, grid: Grid): M {
  const data = new Uint8Array(grid.width * grid.height);
  sampleMask(mask.data, mask, grid, data);
  return { ...mask, width: grid.width, height: grid.height, data };
}

function resampledLabels(map: LabelMap, grid: Grid, outside: number): LabelMap {
  const data = new Int16Array(grid.width * grid.height);
  sampleLabels(map.data, map, grid, outside, data);
  return { width: grid.width, height: grid.height, data };
}
