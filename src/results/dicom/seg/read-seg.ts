import type { Attributes } from "../../../dicom/attributes.ts";
import type { DicomObject } from "../../../dicom/read-file.ts";
import { InputError } from "../../../errors.ts";
import type { Code } from "../concepts.ts";
import { type Plane, planeOf } from "../source.ts";
import type { SegKind } from "./encode-seg.ts";
import { type SegPixels, segPixels } from "./seg-pixels.ts";

/** A segment as its object describes it. */
export interface ReadSegment {
  readonly number: number;
  readonly label: string;
  readonly category: Code | undefined;
  readonly type: Code | undefined;
  readonly modifier: Code | undefined;
  readonly region: Code | undefined;
  readonly algorithmType: string | undefined;
  readonly algorithmName: string | undefined;
}

/** A frame of a segmentation: of one segment, or of all in a label map. */
export interface ReadSegFrame {
  readonly segment: number | undefined;
  /** Frames that it was made from: UIDs of their objects and their numbers there, from 1. */
  readonly sources: readonly { readonly instance: string; readonly frame: number | undefined }[];
  readonly plane: Plane | undefined;
}

/** A segmentation object as it is read. */
export interface ReadSeg {
  readonly name: string;
  readonly kind: SegKind;
  readonly rows: number;
  readonly columns: number;
  /** In the order of the object, without the background of a label map. */
  readonly segments: readonly ReadSegment[];
  readonly frames: readonly ReadSegFrame[];
  /** The level that stands for a probability of 1; 1 for masks and labels. */
  readonly maximum: number;
  readonly frameOfReference: string | undefined;
  readonly referencedSeries: readonly string[];
  readonly segmentsOverlap: string | undefined;
  /** Levels of a frame of the object, row-major: 0 or 1, 0 to `maximum`, or labels. @throws InputError when its pixels are damaged */
  readonly pixels: SegPixels;
}

/**
 * Reads a DICOM SEG: binary, fractional or a label map.
 *
 * @throws InputError when it lacks what a segmentation must have, or its pixel data is too short
 */
export function readSeg(file: DicomObject): ReadSeg {
  const { name, attributes } = file;
  const need = <T>(value: T | undefined, what: string): T => {
    if (value !== undefined) return value;
    throw new InputError(`"${name}" is a damaged DICOM SEG: it lacks ${what}. Export it again.`);
  };
  const kind = need(attributes.text("SegmentationType"), "SegmentationType").toLowerCase();
  if (kind !== "binary" && kind !== "fractional" && kind !== "labelmap")
    throw new InputError(`"${name}" is a DICOM SEG of type "${kind}"; expected BINARY, FRACTIONAL or LABELMAP.`);
  const rows = need(attributes.number("Rows"), "Rows");
  const columns = need(attributes.number("Columns"), "Columns");
  const groups = attributes.items("PerFrameFunctionalGroupsSequence");
  const count = need(attributes.number("NumberOfFrames"), "NumberOfFrames");
  if (groups.length !== count)
    throw new InputError(`"${name}" is a damaged DICOM SEG: it has ${count} frames and describes ${groups.length}. Export it again.`);
  const shared = attributes.items("SharedFunctionalGroupsSequence")[0];
  return {
    name,
    kind,
    rows,
    columns,
    segments: attributes
      .items("SegmentSequence")
      .map(segmentOf)
      .filter(({ number }) => kind !== "labelmap" || number !== 0),
    frames: groups.map((own, i) => ({
      segment: kind === "labelmap" ? undefined : need(segmentNumber(own) ?? segmentNumber(shared), `the segment of frame ${i + 1}`),
      sources: sourcesOf(own),
      plane: planeOf({ header: attributes, number: i + 1 }),
    })),
    maximum: kind === "fractional" ? need(attributes.number("MaximumFractionalValue"), "MaximumFractionalValue") : 1,
    frameOfReference: attributes.text("FrameOfReferenceUID"),
    referencedSeries: attributes.items("ReferencedSeriesSequence").flatMap((series) => series.text("SeriesInstanceUID") ?? []),
    segmentsOverlap: attributes.text("SegmentsOverlap"),
    pixels: segPixels(file),
  };
}

const segmentNumber = (groups: Attributes | undefined) =>
  groups?.items("SegmentIdentificationSequence")[0]?.number("ReferencedSegmentNumber");

function sourcesOf(groups: Attributes): ReadSegFrame["sources"][number][] {
  const items = groups.items("DerivationImageSequence").flatMap((derivation) => derivation.items("SourceImageSequence"));
  return items.flatMap((item) => {
    const instance = item.text("ReferencedSOPInstanceUID");
    if (instance === undefined) return [];
    const frames = item.numbers("ReferencedFrameNumber");
    return (frames.length === 0 ? [undefined] : frames).map((frame) => ({ instance, frame }));
  });
}

function segmentOf(item: Attributes): ReadSegment {
  const type = item.items("SegmentedPropertyTypeCodeSequence")[0];
  return {
    number: item.number("SegmentNumber") ?? Number.NaN,
    label: item.text("SegmentLabel") ?? "",
    category: codeIn(item, "SegmentedPropertyCategoryCodeSequence"),
    type: codeIn(item, "SegmentedPropertyTypeCodeSequence"),
    modifier:
      (type && codeIn(type, "SegmentedPropertyTypeModifierCodeSequence")) ?? codeIn(item, "SegmentedPropertyTypeModifierCodeSequence"),
    region: codeIn(item, "AnatomicRegionSequence"),
    algorithmType: item.text("SegmentAlgorithmType"),
    algorithmName: item.text("SegmentAlgorithmName"),
  };
}

function codeIn(attributes: Attributes, sequence: string): Code | undefined {
  const item = attributes.items(sequence)[0];
  const value = item?.text("CodeValue") ?? item?.text("LongCodeValue");
  if (item === undefined || value === undefined) return undefined;
  return { value, scheme: item.text("CodingSchemeDesignator") ?? "", meaning: item.text("CodeMeaning") ?? "" };
}
