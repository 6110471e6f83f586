import { dicomFirstBytes } from "../../dicom/first-bytes.ts";
import type { ImageSource } from "./image-source.ts";
import { niftiSignatures } from "./nifti/header.ts";
import { rasterFormats } from "./raster-formats.ts";

/**
 * Sources of images. A row states how its files are recognised; the code that reads them, with its libraries, is loaded when the first
 * such file is opened.
 */
export const imageSources = {
  raster: {
    endings: Object.values(rasterFormats).flatMap(({ endings }) => endings),
    firstBytes: Object.values(rasterFormats).flatMap(({ firstBytes }) => firstBytes),
    frames: async (content) => await (await import("./raster.ts")).rasterFrames(content),
  },
  nifti: {
    // The .img file of a pair is opened by its header.
    endings: ["nii", "nii.gz", "hdr"],
    firstBytes: niftiSignatures,
    frames: async (content) => await (await import("./nifti/nifti.ts")).niftiFrames(content),
  },
  dicom: {
    endings: ["dcm", "dicom", "ima"],
    firstBytes: dicomFirstBytes,
    frames: async (content) => await (await import("./dicom/frames.ts")).dicomFrames(content),
  },
} as const satisfies Record<string, ImageSource>;

/** Extensions of the files that are read from a folder. */
export const imageEndings: readonly string[] = Object.values<ImageSource>(imageSources).flatMap(({ endings }) => endings);
