import type { DicomFile } from "../dicom/attributes.ts";
import { readDicom } from "../dicom/read-file.ts";
import { concernsOneInput, InputError, throwIfCancelled } from "../errors.ts";
import type { FileAccess, FileHead } from "./file-access.ts";
import { lastName, withoutEnding } from "./file-names.ts";
import { LastFile } from "./last-file.ts";
import type { Scan } from "./scan.ts";
import { readHeader } from "./series/read-header.ts";
import { seriesOf } from "./series/series.ts";
import { notAnImage } from "./sources/dicom/refused.ts";
import { headLength } from "./sources/first-bytes.ts";
import { foreignFormatOf, unreadable } from "./sources/foreign.ts";
import type { SliceAxis } from "./sources/nifti/nifti.ts";
import { niftiScan, niftiStart } from "./sources/nifti/scan.ts";
import { isDicomFile, promisedSource, sourceOf } from "./sources/source-of.ts";
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

/** Where files are read, and by what. */
export interface ScanReading {
  readonly files: FileAccess;
  /** Opens a picture file; absent where pictures are decoded by others, as in a browser. */
  readonly openPicture?: (
    file: string,
    options: { readonly name: string; readonly files: FileAccess; readonly last: LastFile },
  ) => Promise<Scan>;
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
export async function scansIn(
  names: readonly string[],
  { files, openPicture }: ScanReading,
  options: ScansOptions = {},
): Promise<FoundScans> {
  const { axis = "axial", nameOf = (file) => withoutEnding(lastName(file)), isThorough = false, signal } = options;
  const last = new LastFile();
  const leftOut: RefusedFile[] = [];
  const headers: DicomFile[] = [];
  const others: Scan[] = [];
  for (let from = 0; from < names.length; from += atOnce) {
    throwIfCancelled(signal);
    const opened = names.slice(from, from + atOnce).map(async (file): Promise<DicomFile | Scan | RefusedFile> => {
      try {
        const head = await files.head(file, firstPart);
        if (isDicomFile(head)) return await imageHeader(head, files, isThorough);
        const isNifti = (sourceOf(head.bytes) ?? promisedSource(head)) === "nifti";
        if (isNifti) return await niftiScan(head, { name: nameOf(file), axis, files, last });
        if (openPicture) return await openPicture(file, { name: nameOf(file), files, last });
        throw notRead(head);
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
  const scans: Scan[] = [...seriesOf(headers, files, last), ...others];
  const unique = uniqueNames(scans.map(({ name }) => name));
  return { scans: scans.map((scan, i) => ({ ...scan, name: unique[i]! })), leftOut };
}

/** The header of an image, or why the file is none. @throws InputError when it is damaged */
async function imageHeader(head: FileHead, files: FileAccess, isThorough: boolean): Promise<DicomFile | RefusedFile> {
  const header = await readHeader(head, files);
  const reason = notAnImage(header);
  if (reason !== undefined) return { file: head.name, category: "no image", reason };
  if (isThorough) readDicom(await files.content(head.name));
  return header;
}

/** The error of a file that is neither DICOM nor NIfTI, where pictures are not read. */
function notRead(head: FileHead): InputError {
  if (head.size === 0) return new InputError(`"${head.name}" is empty (0 bytes)`);
  if (sourceOf(head.bytes) !== "raster") return foreignFormatOf(head.bytes) ? unreadable(head) : notAScan(head);
  return new InputError(
    `"${head.name}" is a picture; expected DICOM or NIfTI. Let the browser decode it (createImageBitmap), and make an image of its pixels with rgbImage.`,
  );
}

const notAScan = ({ name }: FileHead) => new InputError(`"${name}" is neither a DICOM nor a NIfTI file`);
