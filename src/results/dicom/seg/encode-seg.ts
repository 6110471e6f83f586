import type { DataSet } from "../../../dicom/write/data-set.ts";
import { tagOf } from "../../../dicom/write/elements.ts";
import { encodeDicom } from "../../../dicom/write/encode-file.ts";
import { InputError } from "../../../errors.ts";
import { conceptOf, shortText } from "../concepts.ts";
import {
  codeItem,
  codingSchemes,
  equipment,
  frameOfReference,
  lossyFlags,
  madeAt,
  newSeries,
  type ObjectOptions,
  patientAndStudy,
  type Structure,
} from "../modules.ts";
import { instancesBySeries, planesOf, type SourceFrame } from "../source.ts";
import { packBits } from "./bits.ts";
import { frameGroups, sharedGroups } from "./functional-groups.ts";
import { segmentItem } from "./segment-item.ts";

/** Kinds of segmentations: masks of 1 bit, probabilities of 8 bits, or one label a pixel. */
export type SegKind = "binary" | "fractional" | "labelmap";

export interface SegOptions extends ObjectOptions {
  readonly kind: SegKind;
  /** Whether a structure without any pixel keeps its segment, and empty frames are written. */
  readonly keepEmpty: boolean;
  /** Distance of neighbouring slices where they are evenly spaced. */
  readonly sliceSpacing?: number | undefined;
}

/** The structures with pixels of their own, in the order of segments. */
export interface SegStructure extends Structure {
  /**
   * Levels of a frame, row-major [rows, columns]: 0 or 1 of a mask, 0 to 255 of probabilities (255 times the probability, rounded). Undefined: none.
   *
   * @param index - of the frame, from 0, in the order of the source frames
   */
  levelsOf(index: number): Promise<Uint8Array | undefined>;
}

/** A segmentation object. */
export interface EncodedSeg {
  /** The file; undefined where no structure has a pixel. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  /** Structures without a pixel, by their place in the list given. */
  readonly empty: readonly number[];
  /** Identifies the object, to refer to it. */
  readonly sopInstance: string;
  readonly seriesInstance: string;
  /** Which structure and frame of the source each frame holds; a frame of a label map holds all structures. */
  readonly frames: readonly { readonly structure: number | undefined; readonly source: number }[];
}

/** SOP classes of segmentations. */
export const segClasses = {
  segmentation: "1.2.840.10008.5.1.4.1.1.66.4",
  labelmap: "1.2.840.10008.5.1.4.1.1.66.7",
} as const;

/**
 * DICOM SEG of masks on the frames of a source: binary, fractional (probabilities, 255 for 1) or a label map. Frames without a pixel of a
 * structure are left out, and so is a structure without any, unless `keepEmpty` is set.
 *
 * Frames lie where their source frames lie. Of a source without a Frame of Reference (an X-ray, a cine ultrasound) they are tied to their
 * source frames alone, by instance and frame number.
 *
 * @throws InputError when the structures of a label map overlap
 * @see DICOM PS3.3, A.51 and C.8.20
 */
export async function encodeSeg(
  source: readonly SourceFrame[],
  structures: readonly SegStructure[],
  options: SegOptions,
): Promise<EncodedSeg> {
  const { kind, uids } = options;
  const { rows, columns } = sizeOf(source);
  const found = kind === "labelmap" ? await labelFrames(source, structures, options) : await maskFrames(source, structures, options);
  const used = structures.flatMap((_, i) => (found.empty.includes(i) && !options.keepEmpty ? [] : [i]));
  const [sopInstance, seriesInstance] = [await uids("object SEG"), await uids("series SEG")];
  const frames = found.frames.map(({ structure, source }) => ({ structure, source }));
  const reference = { empty: found.empty, sopInstance, seriesInstance, frames };
  if (used.length === 0 || frames.length === 0) return { bytes: undefined, ...reference };

  const concepts = used.map((i) => conceptOf(structures[i]!.label, structures[i]!.prompts));
  const planes = planesOf(source);
  const { date, time } = madeAt(source, options);
  const lines = frames.map(({ structure, source }) => ({
    segment: structure === undefined ? undefined : 1 + used.indexOf(structure),
    source,
  }));
  const pixels = joinedFrames(
    found.frames.map(({ levels }) => levels),
    rows * columns,
    kind,
  );
  const bits = kind === "binary" ? 1 : 8;
  const bytes = encodeDicom(
    { classUid: kind === "labelmap" ? segClasses.labelmap : segClasses.segmentation, instanceUid: sopInstance },
    {
      ImageType: ["DERIVED", "PRIMARY"],
      InstanceCreationDate: date,
      InstanceCreationTime: time,
      ContentDate: date,
      ContentTime: time,
      ...patientAndStudy(source, options),
      ...(await newSeries({ modality: "SEG", number: 9001, description: "Segmentation by medclip-sam" }, options)),
      SeriesDate: date,
      SeriesTime: time,
      ...equipment,
      ...(planes ? frameOfReference(source) : { PatientOrientation: [...source[0]!.header.texts("PatientOrientation")] }),
      ReferencedSeriesSequence: [...instancesBySeries(source)].map(([SeriesInstanceUID, ReferencedInstanceSequence]) => ({
        SeriesInstanceUID,
        ReferencedInstanceSequence,
      })),
      ...(await dimensions(kind, planes !== undefined, await uids("dimensions"))),
      SamplesPerPixel: 1,
      PhotometricInterpretation: "MONOCHROME2",
      NumberOfFrames: frames.length,
      Rows: rows,
      Columns: columns,
      BitsAllocated: bits,
      BitsStored: bits,
      HighBit: bits - 1,
      PixelRepresentation: 0,
      ...lossyFlags(source),
      SegmentationType: kind.toUpperCase(),
      ...(kind === "fractional" && { SegmentationFractionalType: "PROBABILITY", MaximumFractionalValue: 255 }),
      ...(kind === "labelmap" && { PixelPaddingValue: 0 }),
      SegmentSequence: [
        ...(kind === "labelmap" ? [background] : []),
        ...(await Promise.all(used.map((i, k) => segmentItem(structures[i]!, concepts[k]!, k + 1, options)))),
      ],
      SegmentsOverlap: found.overlap ? "YES" : "NO",
      ContentLabel: "SEGMENTATION",
      ContentDescription: shortText(used.map((i) => structures[i]!.label).join(", "), 64),
      ContentCreatorName: "",
      ...codingSchemes(concepts),
      SharedFunctionalGroupsSequence: [sharedGroups(source, planes, options.sliceSpacing)],
      PerFrameFunctionalGroupsSequence: frameGroups(source, planes, lines),
      PixelData: pixels,
    },
  );
  return { bytes, ...reference };
}

const backgroundCode = codeItem({ value: "125040", scheme: "DCM", meaning: "Background" });

/** Label 0, which label maps name, too. */
const background: DataSet = {
  SegmentNumber: 0,
  SegmentLabel: "Background",
  SegmentAlgorithmType: "AUTOMATIC",
  SegmentAlgorithmName: equipment.ManufacturerModelName,
  SegmentedPropertyCategoryCodeSequence: [backgroundCode],
  SegmentedPropertyTypeCodeSequence: [backgroundCode],
};

function sizeOf([first]: readonly SourceFrame[]): { rows: number; columns: number } {
  return { rows: first!.header.number("Rows")!, columns: first!.header.number("Columns")! };
}

interface FoundFrames {
  /** `levels` are packed to bits in a binary object, labels in a label map. */
  readonly frames: readonly { readonly structure: number | undefined; readonly source: number; readonly levels: Uint8Array }[];
  readonly empty: readonly number[];
  readonly overlap: boolean;
}

/** Structure by structure, in it frame by frame. */
async function maskFrames(
  source: readonly SourceFrame[],
  structures: readonly SegStructure[],
  { kind, keepEmpty }: SegOptions,
): Promise<FoundFrames> {
  const frames: FoundFrames["frames"][number][] = [];
  const empty: number[] = [];
  const { rows, columns } = sizeOf(source);
  // Where any structure has a pixel, one bit a pixel, by frame of the source.
  const taken = new Map<number, Uint8Array>();
  let overlap = false;
  for (const [structure, { levelsOf }] of structures.entries()) {
    let isEmpty = true;
    for (let index = 0; index < source.length; index++) {
      const levels = await levelsOf(index);
      const hasPixels = levels?.some((level) => level !== 0) === true;
      if (!hasPixels && !keepEmpty) continue;
      const given = hasPixels ? levels : new Uint8Array(rows * columns);
      const bits = packBits(given);
      frames.push({ structure, source: index, levels: kind === "binary" ? bits : given.slice() });
      if (!hasPixels) continue;
      isEmpty = false;
      const before = taken.get(index);
      if (!before) taken.set(index, bits.slice());
      else
        for (let i = 0; i < bits.length; i++) {
          overlap ||= (before[i]! & bits[i]!) !== 0;
          before[i]! |= bits[i]!;
        }
    }
    if (isEmpty) empty.push(structure);
  }
  return { frames, empty, overlap };
}

/** Frame by frame: the number of the segment that each pixel belongs to. */
async function labelFrames(
  source: readonly SourceFrame[],
  structures: readonly SegStructure[],
  { keepEmpty }: SegOptions,
): Promise<FoundFrames> {
  const { rows, columns } = sizeOf(source);
  const found: { source: number; levels: Uint8Array }[] = [];
  const present = new Set<number>();
  for (let index = 0; index < source.length; index++) {
    const labels = new Uint8Array(rows * columns);
    for (const [structure, { label, levelsOf }] of structures.entries()) {
      const levels = await levelsOf(index);
      for (let i = 0; i < (levels?.length ?? 0); i++) {
        if (levels![i] === 0) continue;
        if (labels[i] !== 0)
          throw new InputError(
            `"${label}" and "${structures[labels[i]! - 1]!.label}" overlap in frame ${index + 1}, which a label map cannot hold. Write a binary segmentation.`,
          );
        labels[i] = structure + 1;
        present.add(structure);
      }
    }
    if (keepEmpty || labels.some((label) => label !== 0)) found.push({ source: index, levels: labels });
  }
  const empty = structures.flatMap((_, i) => (present.has(i) ? [] : [i]));
  const numbers = new Uint8Array(structures.length + 1);
  let next = 0;
  for (let i = 0; i < structures.length; i++) if (keepEmpty || present.has(i)) numbers[i + 1] = ++next;
  const frames = found.map(({ source, levels }) => ({ structure: undefined, source, levels: levels.map((label) => numbers[label]!) }));
  return { frames, empty, overlap: false };
}

/** The frames one after another; those of 1 bit without gaps between them. */
function joinedFrames(frames: readonly Uint8Array[], size: number, kind: SegKind): Uint8Array {
  if (kind === "binary") return joinBits(frames, size);
  const all = new Uint8Array(frames.length * size);
  for (const [i, levels] of frames.entries()) all.set(levels, i * size);
  return all;
}

function joinBits(frames: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(Math.ceil((frames.length * size) / 8));
  for (const [i, bits] of frames.entries()) {
    const [first, shift] = [Math.floor((i * size) / 8), (i * size) % 8];
    for (let k = 0; k < bits.length; k++) {
      all[first + k]! |= bits[k]! << shift;
      if (shift > 0 && first + k + 1 < all.length) all[first + k + 1]! |= bits[k]! >> (8 - shift);
    }
  }
  return all;
}

/** What distinguishes frames: the segment, and the position in the patient or in the stack. */
async function dimensions(kind: SegKind, hasPlanes: boolean, organization: string): Promise<DataSet> {
  const segment = {
    DimensionOrganizationUID: organization,
    DimensionIndexPointer: tagOf("ReferencedSegmentNumber"),
    FunctionalGroupPointer: tagOf("SegmentIdentificationSequence"),
    DimensionDescriptionLabel: "Segment Number",
  };
  const position = {
    DimensionOrganizationUID: organization,
    DimensionIndexPointer: tagOf(hasPlanes ? "ImagePositionPatient" : "InStackPositionNumber"),
    FunctionalGroupPointer: tagOf(hasPlanes ? "PlanePositionSequence" : "FrameContentSequence"),
    DimensionDescriptionLabel: hasPlanes ? "Image Position (Patient)" : "In-Stack Position Number",
  };
  return {
    DimensionOrganizationSequence: [{ DimensionOrganizationUID: organization }],
    DimensionIndexSequence: kind === "labelmap" ? [position] : [segment, position],
  };
}
