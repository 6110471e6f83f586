import { deterministicUids, randomUids } from "../../dicom/uid.ts";
import { InputError } from "../../errors.ts";
import type { DicomScan } from "../../scans/scan.ts";
import { isDicomScan } from "../../scans/scan-kinds.ts";
import { type Target, titleOf } from "../../targets/target.ts";
import type { ScanResult, ScanWriteOptions } from "../scan-writer.ts";
import type { ObjectOptions, Structure } from "./modules.ts";
import { type SourceFrame, sourceFrames } from "./source.ts";

/** A result whose source is DICOM. */
export interface DicomResult {
  readonly scan: DicomScan;
  readonly source: readonly SourceFrame[];
  readonly options: ObjectOptions;
}

/**
 * What objects about a scan have in common.
 *
 * @param format - for the message
 * @throws InputError when the scan is not DICOM: its study is what the objects belong to
 */
export function dicomResult({ scan, targets, models }: ScanResult, options: ScanWriteOptions, format: string): DicomResult {
  if (!isDicomScan(scan))
    throw new InputError(`"${scan.name}" is not DICOM, and ${format} belongs to a DICOM study. Write nifti, png or coco instead.`);
  const source = sourceFrames(scan);
  const { deterministic, strip, fractional, labelmap, keepEmpty } = options;
  const settings = { targets: targets.map(({ name, sentences }) => ({ name, sentences })), models, strip, fractional, labelmap, keepEmpty };
  return {
    scan,
    source,
    options: {
      uids: deterministic ? deterministicUids([...instances(source)], settings) : randomUids(),
      now: deterministic ? undefined : new Date(),
      strip,
      models,
    },
  };
}

const instances = (source: readonly SourceFrame[]) => new Set(source.map(({ header }) => header.text("SOPInstanceUID") ?? ""));

/** What an object says of a target. */
export function structureOf(target: Target): Structure {
  return { label: titleOf(target), prompts: target.sentences, colour: target.colour };
}
