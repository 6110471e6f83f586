import { checkedFile } from "../../check/paths.ts";
import { readDicom } from "../../dicom/read-file.ts";
import { InputError } from "../../errors.ts";
import type { Mask, SaliencyMap } from "../../image/types.ts";
import type { Scan } from "../../scans/scan.ts";
import { isDicomScan } from "../../scans/scan-kinds.ts";
import type { NamedBytes } from "../../scans/sources/image-source.ts";
import type { Code } from "../dicom/concepts.ts";
import { type SegKind, segClasses } from "../dicom/seg/encode-seg.ts";
import { masksOfSeg } from "../dicom/seg/masks-of-seg.ts";
import { readSeg } from "../dicom/seg/read-seg.ts";
import { sourceFrames } from "../dicom/source.ts";
import { checkedScan } from "./structures.ts";

/** A segment of a segmentation object, and its masks. */
export interface SegStructureMasks {
  readonly label: string;
  /** What it shows: codes of its kind (such as "Anatomical Structure"), type, side and region, as far as they are given. */
  readonly category: Code | undefined;
  readonly type: Code | undefined;
  readonly modifier: Code | undefined;
  readonly region: Code | undefined;
  /** Its mask in a frame, from 0; of probabilities where they are 0.5 or more. Undefined where the object holds none. */
  maskOf(frame: number): Promise<Mask | undefined>;
  /** Its probabilities in a frame; 0 and 1 of a mask. Undefined where the object holds none. */
  probabilitiesOf(frame: number): Promise<SaliencyMap | undefined>;
}

/** The masks of a segmentation object. */
export interface SegMasks {
  readonly kind: SegKind;
  readonly rows: number;
  readonly columns: number;
  /** How many frames there are: of the scan if it was given, else those that the object has. */
  readonly frames: number;
  /** In the order of the object, without the background of a label map. */
  readonly structures: readonly SegStructureMasks[];
}

/**
 * Reads DICOM SEG: binary, fractional or a label map.
 *
 * @param content - the file with a name for messages
 * @param scan - the series of `openScans` that it was made from: frames are numbered as the scan's. Without it, by position in the patient
 * @throws InputError when it is no segmentation, damaged, or lies on none of the scan's frames
 * @example const { structures } = masksFromSeg({ name: "seg.dcm", bytes }, scan); // structures[0].maskOf(0)
 */
export function masksFromSeg(content: NamedBytes, scan?: Scan): SegMasks {
  const file = checkedFile<NamedBytes>(content, "masksFromSeg");
  if (typeof file === "string")
    throw new InputError(`masksFromSeg: expected { name, bytes }, got the path "${file}". Read the file first.`);
  if (scan !== undefined && !isDicomScan(checkedScan(scan, "masksFromSeg")))
    throw new InputError(`masksFromSeg: "${scan.name}" is not DICOM; a segmentation belongs to a DICOM series.`);
  const object = readDicom(file);
  const sopClass = object.attributes.text("SOPClassUID");
  if (sopClass !== segClasses.segmentation && sopClass !== segClasses.labelmap)
    throw new InputError(`"${file.name}" is a DICOM object of class ${sopClass}; expected a segmentation (SEG).`);
  const seg = readSeg(object);
  const { count, levelsOf } = masksOfSeg(seg, scan && isDicomScan(scan) ? sourceFrames(scan) : undefined);
  const { kind, rows, columns, maximum } = seg;
  const size = { width: columns, height: rows };
  return {
    kind,
    rows,
    columns,
    frames: count,
    structures: seg.segments.map((segment) => {
      const { label, category, type, modifier, region } = segment;
      const probabilitiesOf = async (frame: number) => {
        const levels = await levelsOf(segment, frame);
        return levels && { ...size, data: Float32Array.from(levels, (level) => level / maximum) };
      };
      const maskOf = async (frame: number) => {
        const levels = await levelsOf(segment, frame);
        return levels && { ...size, data: levels.map((level) => (2 * level >= maximum ? 1 : 0)) };
      };
      return { label, category, type, modifier, region, maskOf, probabilitiesOf };
    }),
  };
}
