import type { ImageSource } from "./image-source.ts";
import type { SourceName } from "./signatures.ts";

/** What reads the files of each source; the code, with its libraries, is loaded when the first such file is opened. */
export const imageSources: Readonly<Record<SourceName, ImageSource>> = {
  raster: { frames: async (content) => await (await import("./raster.ts")).rasterFrames(content) },
  nifti: { frames: async (content) => await (await import("./nifti/frames.ts")).niftiFrames(content) },
  dicom: { frames: async (content) => await (await import("./dicom/frames.ts")).dicomFrames(content) },
};
