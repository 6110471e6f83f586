import { basename } from "node:path";
import type { DicomFile } from "../dicom/attributes.ts";
import { hasPreamble } from "../dicom/first-bytes.ts";
import { readDicom } from "../dicom/read-file.ts";
import { concernsOneInput, throwIfCancelled } from "../errors.ts";
import { LastFile } from "./last-file.ts";
import { pathWithoutEnding } from "./list-images.ts";
import { pictureScan } from "./picture-scan.ts";
import { readContent } from "./read-content.ts";
import { type FileHead, readHead } from "./read-head.ts";
import type { Scan } from "./scan.ts";
import { readHeader } from "./series/read-header.ts";
import { seriesOf } from "./series/series.ts";
import { notAnImage } from "./sources/dicom/refused.ts";
import { headLength } from "./sources/first-bytes.ts";
import type { NamedBytes } from "./sources/image-source.ts";
import type { SliceAxis } from "./sources/nifti/nifti.ts";
import { niftiScan, niftiStart } from "./sources/nifti/scan.ts";
import { promisedSource, sourceOf } from "./sources/source-of.ts";
import { imageSources } from "./sources/table.ts";
import { uniqueNames } from "./unique-names.ts";

export interface ScansOptions {
  /** Along which axis NIfTI volumes are cut. Default axial. */
  readonly axis?: SliceAxis;
  /** The name of a file's scan, for other files than DICOM. Default: its name without its ending. */
  readonly nameOf?: (file: string) => string;
  /** Reads each DICOM file to its end, so that truncated ones are found now; else when their frames are read. */
  readonly isThorough?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A file that is no scan. */
export interface RefusedFile {
  readonly file: string;
  /** `no image`: an object of another kind; `damaged`: an image that cannot be read. */
  readonly category: "no image" | "damaged";
  /** What it is, or the whole message about the damage. */
  readonly reason: string;
}

/** The scans of some files. */
export interface FoundScans {
  /** Series of DICOM first, in the order of their numbers; then the other files in their order. No two names are equal. */
  readonly scans: readonly Scan[];
  readonly leftOut: readonly RefusedFile[];
}

/** DICOM files whose headers are read at a time. */
const atOnce = 8;

/** First bytes of a file: most headers of DICOM slices end in them. */
const firstPart = Math.max(headLength, niftiStart, 16_384);

/**
 * The scans of some files: DICOM files grouped into series, NIfTI volumes cut into slices, pictures. Formats are known by first bytes. Frames
 * are decoded when they are read; of all scans together one file's content is kept at most.
 *
 * @returns files that cannot be read are left out, with the reason
 * @throws CancelledError when the signal fires
 */
export async function scansOf(files: readonly string[], options: ScansOptions = {}): Promise<FoundScans> {
  const { axis = "axial", nameOf = (file) => pathWithoutEnding({ path: basename(file) }), isThorough = false, signal } = options;
  const last = new LastFile();
  const leftOut: RefusedFile[] = [];
  const headers: DicomFile[] = [];
  const others: Scan[] = [];
  for (let from = 0; from < files.length; from += atOnce) {
    throwIfCancelled(signal);
    const opened = files.slice(from, from + atOnce).map(async (file): Promise<DicomFile | Scan | RefusedFile> => {
      try {
        const head = await readHead(file, firstPart);
        if (isDicomFile(head)) return await imageHeader(head, isThorough);
        const isNifti = (sourceOf(head.bytes) ?? promisedSource(head)) === imageSources.nifti;
        return isNifti ? await niftiScan(head, { name: nameOf(file), axis, last }) : await pictureScan(file, { name: nameOf(file), last });
      } catch (error) {
        if (!concernsOneInput(error)) throw error;
        return { file, category: "damaged", reason: error.message };
      }
    });
    for (const found of await Promise.all(opened)) {
      if ("attributes" in found) headers.push(found);
      else if ("category" in found) leftOut.push(found);
      else others.push(found);
    }
  }
  const scans: Scan[] = [...seriesOf(headers, last), ...others];
  const names = uniqueNames(scans.map(({ name }) => name));
  return { scans: scans.map((scan, i) => ({ ...scan, name: names[i]! })), leftOut };
}

/** Whether a file is DICOM: by its mark, also where the bytes before it are those of another format; else as every file. @param head - its first bytes */
export function isDicomFile({ name, bytes }: NamedBytes): boolean {
  return hasPreamble(bytes) || (sourceOf(bytes) ?? promisedSource({ name })) === imageSources.dicom;
}

/** The header of an image, or why the file is none. @throws InputError when it is damaged */
async function imageHeader(head: FileHead, isThorough: boolean): Promise<DicomFile | RefusedFile> {
  const header = await readHeader(head);
  const reason = notAnImage(header);
  if (reason !== undefined) return { file: head.name, category: "no image", reason };
  if (isThorough) readDicom(await readContent(head.name));
  return header;
}
