import {
  type AxisCodes,
  axesOf,
  axisCodes,
  type Direction,
  planeOf,
  planes,
  reorderedAffine,
  reorderedShape,
  reorderedSlice,
} from "../../axes.ts";
import type { DisplayedImage, Frame, Geometry, Placement, StoredPixels } from "../image-source.ts";
import { percentilesOf } from "../percentiles.ts";
import { type AppliedWindow, type Window, windowLevel } from "../window.ts";
import type { FoundPlacement } from "./placement.ts";
import type { NiftiFile, NiftiVolume } from "./read-nifti.ts";

/** Along which axis a volume is cut into slices: one of the patient, or the third of the file, with rows and columns as they are stored. */
export const sliceAxes = ["axial", "coronal", "sagittal", "stored"] as const;
export type SliceAxis = (typeof sliceAxes)[number];

/** The slices of a volume along an axis. Each is copied from the volume when it is read. */
export interface NiftiSlices {
  readonly frames: number;
  read(index: number): Frame;
}

/** The first volume of a file as slices. @see slicePlane */
export function niftiSlices(file: NiftiFile, axis: SliceAxis): NiftiSlices {
  const { datatype, volumes } = file;
  const { data, withGaps, warnings: ofVolume } = file.volume(0);
  const several = volumes > 1 ? [`has ${volumes} volumes (${file.axes} axes), of which only the first is read`] : [];
  const warnings = [...several, ...file.warnings, ...ofVolume];
  const { samples } = datatype;
  const { from, to, shape, placement, hasSpacing } = slicePlane(file, axis);
  const [width, height, frames] = shape;
  const length = width * height * samples;
  const geometry: Geometry | undefined = hasSpacing
    ? { spacing: [placement.spacing[1], placement.spacing[0]], placement, axes: file.axes }
    : undefined;
  const toBytes = displayRule(file, withGaps);
  const orientation = axis === "stored" ? orientationWarning(file) : [];
  const read = (index: number): Frame => {
    const pixels: StoredPixels = {
      width,
      height,
      space: samples === 1 ? "gray" : "rgb",
      channels: samples,
      hasAlpha: false,
      stride: samples,
      bitDepth: datatype.bits / samples,
      data:
        axis === "stored"
          ? data.subarray(index * length, (index + 1) * length)
          : reorderedSlice({ shape: file.shape, data }, from, to, index),
    };
    return {
      pixels,
      ...(geometry && { geometry }),
      format: "nifti",
      warnings,
      display: async (view) => displayed(pixels, view?.window && samples === 1 ? askedRule(view.window, pixels) : toBytes(), orientation),
    };
  };
  return { frames, read };
}

/** How the slices of a file lie along an axis. */
export interface SlicePlane {
  /** Directions of the file's axes, and of columns, rows and slices. */
  readonly from: AxisCodes;
  readonly to: AxisCodes;
  /** Columns, rows, slices. */
  readonly shape: readonly [width: number, height: number, slices: number];
  /** Of the slices. */
  readonly placement: Placement;
  /** Whether the distances of columns and of rows are known, and that of slices. */
  readonly hasSpacing: boolean;
  readonly hasStep: boolean;
}

/**
 * The grid of a file cut along an axis: columns to the left and rows to the back of the patient for axial slices, the head on top for the others,
 * columns to the back for sagittal ones. A file of one slice stays that slice, turned as pictures of its plane are. The directions of a file
 * without orientation are those that its warning names.
 */
export function slicePlane(
  { shape, position }: { readonly shape: NiftiFile["shape"]; readonly position: FoundPlacement },
  axis: SliceAxis,
): SlicePlane {
  const { placement } = position;
  const from = axisCodes(placement);
  const to = axis === "stored" ? from : planes[shape[2] === 1 ? planeOf(from) : axis];
  const [column, row, slice] = axesOf(from, to);
  const isKnown = (own: 0 | 1 | 2) => !position.withoutDistance.includes(own);
  return {
    from,
    to,
    shape: reorderedShape({ shape }, from, to),
    placement: {
      ...placement,
      affine: reorderedAffine({ shape }, placement.affine, to),
      spacing: reorderedShape({ shape: placement.spacing }, from, to),
    },
    hasSpacing: isKnown(column) && isKnown(row),
    hasStep: isKnown(slice),
  };
}
/** From a value to its level of gray, and what to say about it. */
interface DisplayRule {
  readonly window: AppliedWindow;
  readonly level: (value: number) => number;
  readonly warnings: readonly string[];
}

/** Shares of a volume's values that are shown as black and as white. */
const blackAndWhite = [0.005, 0.995] as const;

/**
 * Unsigned 8-bit values are shown as they are. All others: the 0.5 % percentile of the whole volume becomes 0, the 99.5 % percentile 255, halves
 * are rounded up; a constant volume is black. The percentiles are searched when the first slice is shown.
 */
function displayRule({ datatype }: NiftiFile, values: NiftiVolume["withGaps"]): () => DisplayRule {
  if (values instanceof Uint8Array) return () => ({ level: (value) => value, window: { kind: "full", bits: 8 }, warnings: [] });
  let rule: DisplayRule | undefined;
  return () => {
    if (rule) return rule;
    const [low, high] = percentilesOf(values, blackAndWhite) as [number, number];
    const level = (value: number) => (high > low ? Math.floor(255 * Math.min(Math.max((value - low) / (high - low), 0), 1) + 0.5) : 0);
    const range = high > low ? `${low} to ${high} (0.5 % and 99.5 % percentiles)` : `${low}, all the same,`;
    rule = {
      level,
      window: { kind: "percentiles", low, high },
      warnings: [`${datatype.name} values of ${range} were mapped to ${high > low ? "0 to 255" : "0"}`],
    };
    return rule;
  };
}

/** A window in place of that rule; values that are no whole numbers have no half steps. */
function askedRule(window: Window, { data }: StoredPixels): DisplayRule {
  const shape = data instanceof Float32Array || window.width < 1 ? "LINEAR_EXACT" : "LINEAR";
  const level = windowLevel(shape, window);
  return { level: (value) => Math.floor(255 * level(value) + 0.5), window: { kind: "asked", function: shape, ...window }, warnings: [] };
}

function displayed(
  { width, height, stride, data }: StoredPixels,
  { level, window, warnings }: DisplayRule,
  orientation: string[],
): DisplayedImage {
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = level(data[i * stride + (stride === 3 ? c : 0)]!);
  }
  return { image: { width, height, data: rgb }, warnings: [...warnings, ...orientation], ...(stride === 1 && { window }) };
}

const words: Record<Direction, string> = { R: "right", L: "left", A: "front", P: "back", S: "head", I: "feet" };

/** Models see slices as they are stored, so a picture that lies otherwise than radiological ones is named. */
function orientationWarning({ position: { placement, hasOrientation } }: NiftiFile): string[] {
  if (!hasOrientation) return [];
  const [column, row, across] = axisCodes(placement);
  const plane = planeOf([column, row, across]);
  const [usualColumn, usualRow] = planes[plane];
  if (column === usualColumn && row === usualRow) return [];
  return [
    `its ${plane} slices are shown as stored, columns to the patient's ${words[column]} and rows to the ${words[row]}; radiological pictures have ${words[usualColumn]} and ${words[usualRow]}`,
  ];
}
