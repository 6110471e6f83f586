import { dicomFirstBytes } from "../../dicom/first-bytes.ts";
import type { Signature } from "./first-bytes.ts";
import { niftiSignatures } from "./nifti/header.ts";
import { rasterFormats } from "./raster-formats.ts";

/** How the files of a source are found and recognised. */
interface SourceFiles {
  /** File extensions, lower case, without the dot: used to find images in folders. */
  readonly endings: readonly string[];
  /** Signatures of its files: used to open them, as extensions are often wrong. */
  readonly firstBytes: readonly Signature[];
}

/** The files of each source of images. @see imageSources for what reads them */
export const sourceFiles = {
  raster: {
    endings: Object.values(rasterFormats).flatMap(({ endings }) => endings),
    firstBytes: Object.values(rasterFormats).flatMap(({ firstBytes }) => firstBytes),
  },
  nifti: {
    // The .img file of a pair is opened by its header.
    endings: ["nii", "nii.gz", "hdr"],
    firstBytes: niftiSignatures,
  },
  dicom: { endings: ["dcm", "dicom", "ima"], firstBytes: dicomFirstBytes },
} as const satisfies Record<string, SourceFiles>;

/** A source of images. */
export type SourceName = keyof typeof sourceFiles;

/** Extensions of the files that are read from a folder. */
export const imageEndings: readonly string[] = Object.values<SourceFiles>(sourceFiles).flatMap(({ endings }) => endings);
