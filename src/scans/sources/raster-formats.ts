import type { Signature } from "./first-bytes.ts";

/** A picture format that can be read. */
export type RasterFormatName = "png" | "jpeg" | "tiff" | "webp";

/** What is known of a picture format without opening a file. */
interface RasterFormat {
  readonly endings: readonly string[];
  readonly firstBytes: readonly Signature[];
}

/** The picture formats that sharp decodes for us. */
export const rasterFormats: Readonly<Record<RasterFormatName, RasterFormat>> = {
  png: { endings: ["png"], firstBytes: [[[0, "\x89PNG\r\n\x1a\n"]]] },
  jpeg: { endings: ["jpg", "jpeg"], firstBytes: [[[0, "\xff\xd8\xff"]]] },
  tiff: { endings: ["tif", "tiff"], firstBytes: ["II*\0", "MM\0*", "II+\0", "MM\0+"].map((bytes): Signature => [[0, bytes]]) },
  webp: {
    endings: ["webp"],
    firstBytes: [
      [
        [0, "RIFF"],
        [8, "WEBP"],
      ],
    ],
  },
};
