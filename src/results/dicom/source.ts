import type { Attributes } from "../../dicom/attributes.ts";
import { functionalGroups } from "../../dicom/functional-groups.ts";
import type { DataSet } from "../../dicom/write/data-set.ts";
import type { DicomScan } from "../../scans/scan.ts";

/** A frame that masks belong to. */
export interface SourceFrame {
  /** Attributes of its object. */
  readonly header: Attributes;
  /** Number of the frame in its object, from 1, where that holds several. */
  readonly number?: number | undefined;
}

/** Where the pixels of a frame lie in the patient, as its header says. */
export interface Plane {
  /** Centre of the first pixel (LPS, mm). */
  readonly position: readonly number[];
  /** Directions of rows and of columns: six cosines. */
  readonly orientation: readonly number[];
  /** Millimetres [between rows, between columns]. */
  readonly spacing: readonly number[];
}

/** The frames of a series, in slice order. */
export function sourceFrames({ frames, headers }: DicomScan): SourceFrame[] {
  return frames.map(({ file, number }) => ({ header: headers.get(file)!, number }));
}

/** The plane of a frame; undefined where its header does not tell it. */
export function planeOf(frame: SourceFrame): Plane | undefined {
  const position = macro(frame, "PlanePositionSequence", "ImagePositionPatient", 3);
  const orientation = macro(frame, "PlaneOrientationSequence", "ImageOrientationPatient", 6);
  const spacing = macro(frame, "PixelMeasuresSequence", "PixelSpacing", 2);
  if (!position || !orientation || !spacing || spacing.some((value) => value <= 0)) return undefined;
  return { position, orientation, spacing };
}

/** An attribute of a frame: of its functional group, or of an object that is one frame; of one with several the spacing alone. */
function macro({ header, number }: SourceFrame, sequence: string, keyword: string, count: number): readonly number[] | undefined {
  const group = functionalGroups(header)((number ?? 1) - 1, sequence);
  const holdsForAll = number === undefined || sequence === "PixelMeasuresSequence";
  const place = group?.has(keyword) ? group : holdsForAll ? header : undefined;
  const values = place?.numbers(keyword);
  return values?.length === count && values.every(Number.isFinite) ? values : undefined;
}

/** The planes of frames that lie in one frame of reference; undefined where a frame's place in the patient is unknown. */
export function planesOf(frames: readonly SourceFrame[]): Plane[] | undefined {
  const reference = frames[0]?.header.text("FrameOfReferenceUID");
  if (!reference || frames.some(({ header }) => header.text("FrameOfReferenceUID") !== reference)) return undefined;
  const planes = frames.map(planeOf);
  return planes.every((plane) => plane !== undefined) ? planes : undefined;
}

/** The items that name a frame's object and, where it holds several, the frame. */
export function referenceTo({ header, number }: SourceFrame): DataSet {
  return { ...instanceReference(header), ReferencedFrameNumber: number };
}

const instanceReference = (header: Attributes) => ({
  ReferencedSOPClassUID: header.text("SOPClassUID") ?? "",
  ReferencedSOPInstanceUID: header.text("SOPInstanceUID") ?? "",
});

/** The objects that frames are of, each once, by their series. */
export function instancesBySeries(frames: readonly SourceFrame[]): Map<string, DataSet[]> {
  const series = new Map<string, Map<string, DataSet>>();
  for (const { header } of frames) {
    const uid = header.text("SeriesInstanceUID") ?? "";
    const instances = series.get(uid) ?? new Map<string, DataSet>();
    instances.set(header.text("SOPInstanceUID") ?? "", instanceReference(header));
    series.set(uid, instances);
  }
  return new Map([...series].map(([uid, instances]) => [uid, [...instances.values()]]));
}
