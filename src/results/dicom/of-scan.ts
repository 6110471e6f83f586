import type { Attributes } from "../../dicom/attributes.ts";
import { deterministicUids, randomUids, uidOf } from "../../dicom/uid.ts";
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
export async function dicomResult({ scan, targets, models }: ScanResult, options: ScanWriteOptions, format: string): Promise<DicomResult> {
  if (!isDicomScan(scan))
    throw new InputError(`"${scan.name}" is not DICOM, and ${format} belongs to a DICOM study. Write nifti, png or coco instead.`);
  const source = await withUids(sourceFrames(scan), scan.name);
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

/** UIDs that objects must name, and that de-identified sources often lack. */
const neededUids = ["StudyInstanceUID", "SeriesInstanceUID"] as const;

/**
 * Frames whose headers have the UIDs of study and series. Those that are missing are made from the UIDs of the objects, so that all results of a
 * source name the same study.
 *
 * @throws InputError when an object has no UID, and nothing can refer to it
 */
async function withUids(source: readonly SourceFrame[], name: string): Promise<SourceFrame[]> {
  if (source.some(({ header }) => !header.has("SOPInstanceUID")))
    throw new InputError(
      `"${name}" has images without an SOP Instance UID, so no DICOM object can refer to them. Write nifti, png or coco instead.`,
    );
  const own = [...instances(source)].sort();
  const made = new Map<string, string>();
  for (const keyword of neededUids)
    if (source.some(({ header }) => !header.has(keyword))) made.set(keyword, await uidOf([...own, keyword]));
  return made.size === 0 ? [...source] : source.map((frame) => ({ ...frame, header: withTexts(frame.header, made) }));
}

/** Attributes with texts for those that are missing. */
function withTexts(header: Attributes, texts: ReadonlyMap<string, string>): Attributes {
  const missing = (keyword: string) => (header.has(keyword) ? undefined : texts.get(keyword));
  return {
    has: (keyword) => header.has(keyword) || texts.has(keyword),
    texts: (keyword) => [missing(keyword) ?? header.texts(keyword)].flat(),
    text: (keyword) => missing(keyword) ?? header.text(keyword),
    numbers: (keyword) => header.numbers(keyword),
    number: (keyword) => header.number(keyword),
    bytes: (keyword) => header.bytes(keyword),
    items: (keyword) => header.items(keyword),
  };
}

const instances = (source: readonly SourceFrame[]) => new Set(source.map(({ header }) => header.text("SOPInstanceUID") ?? ""));

/** What an object says of a target. */
export function structureOf(target: Target): Structure {
  return { label: titleOf(target), prompts: target.sentences, colour: target.colour };
}
