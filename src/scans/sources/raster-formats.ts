import type { Signature } from "./first-bytes.ts";

/** A supported raster format. */
export type RasterFormatName = "png" | "jpeg" | "tiff" | "webp";

/** Names, extensions and signatures of a raster format. */
interface RasterFormat {
  readonly endings: readonly string[];
  readonly firstBytes: readonly Signature[];
}

/** The raster formats decoded by sharp. */
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
