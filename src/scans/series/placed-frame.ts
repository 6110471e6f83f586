import type { Attributes, DicomFile } from "../../dicom/attributes.ts";
import { type FunctionalGroups, functionalGroups } from "../../dicom/functional-groups.ts";
import { cross, dot, length3, type Vector } from "../vectors.ts";
import { type PixelSize, pixelSpacing } from "./pixel-size.ts";

/** Directions of an image in the patient (LPS). */
export interface Orientation {
  /** Where columns' numbers grow to: along a row. As in the file, so nearly of length 1. */
  readonly row: Vector;
  /** Where rows' numbers grow to: down a column. */
  readonly column: Vector;
  /** row x column, of length 1. */
  readonly normal: Vector;
}

/** One image of a DICOM file, with what tells where it belongs. */
export interface PlacedFrame {
  readonly file: DicomFile;
  /** From 1. */
  readonly number: number;
  /** How many the file holds. */
  readonly frames: number;
  readonly rows: number;
  readonly columns: number;
  /** Centre of the first pixel, LPS mm. */
  readonly position: Vector | undefined;
  readonly orientation: Orientation | undefined;
  readonly pixelSize: PixelSize;
  /** From slice to slice by the file, and its source; of no use where there are positions. */
  readonly step: { readonly length: number; readonly source: string } | undefined;
  readonly instanceNumber: number;
  /** What may tell apart frames at one place, in the order in which it is tried. */
  readonly marks: Readonly<Record<Mark, string | undefined>>;
}

/** The images of a file in their order. */
export function placedFrames(file: DicomFile): PlacedFrame[] {
  const { attributes } = file;
  const groups = functionalGroups(attributes);
  const frames = framesOf(attributes);
  const [rows, columns] = [attributes.number("Rows") ?? 0, attributes.number("Columns") ?? 0];
  const instanceNumber = numberOr(attributes.number("InstanceNumber"), Number.POSITIVE_INFINITY);
  const whole = frames === 1 ? undefined : pixelSpacing(attributes, groups(0, "PixelMeasuresSequence"));
  return Array.from({ length: frames }, (_, index): PlacedFrame => {
    const measures = groups(index, "PixelMeasuresSequence");
    return {
      file,
      number: index + 1,
      frames,
      rows,
      columns,
      position: positionOf(groups(index, "PlanePositionSequence") ?? attributes),
      orientation: orientationOf(groups(index, "PlaneOrientationSequence") ?? attributes),
      pixelSize: whole !== undefined && measures === undefined ? whole : pixelSpacing(attributes, measures),
      step: stepOf(measures ?? attributes),
      instanceNumber,
      marks: marksOf(attributes, groups, index),
    };
  });
}

/** How many images a file holds. */
export function framesOf(attributes: Attributes): number {
  return Math.max(Math.floor(numberOr(attributes.number("NumberOfFrames"), 1)), 1);
}

const numberOr = (value: number | undefined, other: number): number => (value !== undefined && Number.isFinite(value) ? value : other);

function positionOf(attributes: Attributes): Vector | undefined {
  const [x, y, z] = attributes.numbers("ImagePositionPatient");
  return x !== undefined && y !== undefined && z !== undefined && [x, y, z].every(Number.isFinite) ? [x, y, z] : undefined;
}

/** Cosine between rows and columns from which they are no axes of an image. */
const skewTolerance = 0.01;

/** Undefined, too, where the six numbers are no directions, or not at right angles. */
function orientationOf(attributes: Attributes): Orientation | undefined {
  const cosines = attributes.numbers("ImageOrientationPatient");
  if (cosines.length !== 6 || !cosines.every(Number.isFinite)) return undefined;
  const [a, b, c, d, e, f] = cosines as [number, number, number, number, number, number];
  const [row, column]: [Vector, Vector] = [
    [a, b, c],
    [d, e, f],
  ];
  const isUnit = (v: Vector) => Math.abs(length3(v) - 1) <= skewTolerance;
  if (!isUnit(row) || !isUnit(column) || Math.abs(dot(row, column)) > skewTolerance) return undefined;
  const normal = cross(row, column);
  const length = length3(normal);
  return { row, column, normal: [normal[0] / length, normal[1] / length, normal[2] / length] };
}

function stepOf(measures: Attributes): PlacedFrame["step"] {
  for (const source of ["SpacingBetweenSlices", "SliceThickness"]) {
    const length = measures.number(source);
    if (length !== undefined && length > 0 && Number.isFinite(length)) return { length, source };
  }
  return undefined;
}

/**
 * Where each mark stands: in classic objects, and in the functional groups of enhanced ones.
 *
 * @see DICOM PS3.3, C.8.3.1 (MR image), C.8.13.5 (functional groups of enhanced MR)
 */
const markPlaces = {
  EchoTime: [["EchoTime"], ["MREchoSequence", "EffectiveEchoTime"]],
  "temporal position": [
    ["TemporalPositionIdentifier"],
    ["TemporalPositionIndex"],
    ["FrameContentSequence", "TemporalPositionIndex"],
    ["TemporalPositionSequence", "TemporalPositionTimeOffset"],
  ],
  "trigger time": [["TriggerTime"], ["CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"]],
  "b-value": [["DiffusionBValue"], ["MRDiffusionSequence", "DiffusionBValue"]],
  AcquisitionNumber: [["AcquisitionNumber"], ["FrameContentSequence", "FrameAcquisitionNumber"]],
  ImageType: [["ImageType"], ["MRImageFrameTypeSequence", "FrameType"], ["CTImageFrameTypeSequence", "FrameType"]],
} as const;
export type Mark = keyof typeof markPlaces;

/** In the order in which they are tried. */
export const marks = Object.keys(markPlaces) as readonly Mark[];

function marksOf(attributes: Attributes, groups: FunctionalGroups, index: number): PlacedFrame["marks"] {
  const markOf = (mark: Mark) => {
    const values = markPlaces[mark].map((place) => {
      const [first, second] = place as readonly [string, string?];
      return second === undefined ? attributes.texts(first) : (groups(index, first)?.texts(second) ?? []);
    });
    // What is said of the frame counts more than what is said of the file.
    return values
      .reverse()
      .find((texts) => texts.length > 0)
      ?.join("\\");
  };
  return Object.fromEntries(marks.map((mark) => [mark, markOf(mark)])) as PlacedFrame["marks"];
}
