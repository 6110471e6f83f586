import { rasOf } from "../affine.ts";
import { type AxisCodes, axisCodes } from "../axes.ts";
import type { AffineLps } from "../scan.ts";
import { dot, length3, type Vector } from "../vectors.ts";
import type { Orientation, PlacedFrame } from "./placed-frame.ts";

/** How a stack of frames lies in the patient. */
export interface StackGeometry {
  readonly isVolume: boolean;
  readonly affine: AffineLps | undefined;
  /** Absent without an orientation. */
  readonly axisCodes?: AxisCodes;
  readonly warnings: readonly string[];
}

/** How far a slice may be from its place in an even stack: millimetres, or a share of the step. */
const evenTolerance = { mm: 0.01, share: 0.01 } as const;
/** Share of the step that lies in the plane, from which a stack is tilted. */
const tiltTolerance = 0.01;

/**
 * The affine of a stack, and whether its slices are evenly spaced.
 *
 *   step = (IPP_last - IPP_first) / (N - 1)
 *   affine(column, row, slice) = [row cosines * spacing between columns | column cosines * spacing between rows | step | IPP_first]
 *
 * A stack that is sheared, as of a tilted gantry, keeps its shear. Of a single slice the step is along the normal, by SpacingBetweenSlices or
 * SliceThickness.
 *
 * @param frames - in slice order, each at a place of its own
 */
export function stackGeometry(frames: readonly PlacedFrame[]): StackGeometry {
  const { orientation } = frames[0]!;
  const geometry = placementOf(frames);
  if (orientation === undefined || frames[0]!.position === undefined) return geometry;
  const axes = affineOf(orientation, [1, 1], orientation.normal, [0, 0, 0]);
  return { ...geometry, axisCodes: axisCodes({ affine: rasOf(geometry.affine ?? axes) }) };
}

function placementOf(frames: readonly PlacedFrame[]): StackGeometry {
  const [first] = frames;
  const { orientation, position, pixelSize } = first!;
  const { spacing } = pixelSize;
  if (orientation === undefined || position === undefined) return { isVolume: false, affine: undefined, warnings: [] };
  if (frames.length === 1) return ofSingleSlice(first!, orientation, position);
  const last = frames.at(-1)!.position!;
  const step = scaled(minus(last, position), 1 / (frames.length - 1));
  const warnings = [...unevenness(frames, orientation, step)];
  const isEven = warnings.length === 0;
  const inPlane = minus(step, scaled(orientation.normal, dot(step, orientation.normal)));
  if (isEven && length3(inPlane) > tiltTolerance * length3(step)) {
    const degrees = (Math.asin(Math.min(length3(inPlane) / length3(step), 1)) * 180) / Math.PI;
    warnings.push(
      `tilt: each slice is shifted by ${rounded(length3(inPlane))} mm in its plane (${rounded(degrees)} degrees), as of a tilted gantry`,
    );
  }
  return {
    isVolume: isEven && spacing !== undefined,
    affine: isEven && spacing !== undefined ? affineOf(orientation, spacing, step, position) : undefined,
    warnings,
  };
}

function ofSingleSlice({ step, pixelSize: { spacing } }: PlacedFrame, orientation: Orientation, position: Vector): StackGeometry {
  if (step === undefined) {
    return { isVolume: false, affine: undefined, warnings: ["single slice: its thickness is not given"] };
  }
  return {
    isVolume: false,
    affine: spacing && affineOf(orientation, spacing, scaled(orientation.normal, step.length), position),
    warnings: [`single slice: step from ${step.source}`],
  };
}

/** What makes a stack uneven, with the place; none if it is even. Slices are counted from 1. */
function unevenness(frames: readonly PlacedFrame[], { normal }: Orientation, step: Vector): string[] {
  const along = frames.map(({ position }) => dot(position!, normal));
  const stepAlong = dot(step, normal);
  const tolerance = Math.max(evenTolerance.mm, evenTolerance.share * stepAlong);
  if (along.some((place, i) => Math.abs(place - (along[0]! + i * stepAlong)) > tolerance) || !(stepAlong > 0)) return uneven(along);
  // In the plane a slice may be off by half a pixel, which the tolerance of a step would not allow a rounded tilt.
  const half = Math.min(...(frames[0]!.pixelSize.spacing ?? [2])) / 2;
  const shifted = frames.findIndex(({ position }, i) => {
    const off = minus(minus(position!, frames[0]!.position!), scaled(step, i));
    return length3(minus(off, scaled(normal, dot(off, normal)))) > Math.max(tolerance, half);
  });
  return shifted < 0 ? [] : [`slice ${shifted + 1} is shifted in its plane against the others, so the slices are no volume`];
}

/** Share of the usual distance from which a distance is a gap. */
const gapShare = 1.5;
/** Gaps that a message names. */
const namedGaps = 3;

function uneven(along: readonly number[]): string[] {
  const distances = along.slice(1).map((place, i) => place - along[i]!);
  const usual = [...distances].sort((a, b) => a - b)[Math.floor((distances.length - 1) / 2)]!;
  const gaps = distances.flatMap((distance, i) => (distance > gapShare * usual ? [{ distance, i }] : []));
  if (gaps.length === 0 || gaps.length > Math.max(distances.length / 3, 1)) {
    const [least, most] = [Math.min(...distances), Math.max(...distances)];
    const widest = distances.indexOf(most) + 1;
    return [
      `uneven: slices are ${rounded(least)} to ${rounded(most)} mm apart (most between slices ${widest} and ${widest + 1}), so they are no volume`,
    ];
  }
  const named = gaps
    .slice(0, namedGaps)
    .map(({ distance, i }) => `gap between slices ${i + 1} and ${i + 2}: ${rounded(distance)} mm instead of ${rounded(usual)}`);
  const more = gaps.length > namedGaps ? [`gaps between ${gaps.length - namedGaps} more slices`] : [];
  return [...named, ...more];
}

const rounded = (value: number): number => Number(value.toPrecision(4));

function affineOf({ row, column }: Orientation, spacing: readonly [row: number, column: number], step: Vector, origin: Vector): AffineLps {
  const axis = (i: 0 | 1 | 2) => [row[i] * spacing[1], column[i] * spacing[0], step[i], origin[i]] as const;
  return [axis(0), axis(1), axis(2)];
}

const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const scaled = ([x, y, z]: Vector, factor: number): Vector => [x * factor, y * factor, z * factor];
