import { bmpHeaderSizes } from "./bmp-header.ts";
import type { Signature } from "./first-bytes.ts";

/** A supported raster format. */
export type RasterFormatName = "png" | "jpeg" | "tiff" | "webp" | "bmp" | "gif";

/** Names, extensions and signatures of a raster format. */
interface RasterFormat {
  /** In messages. */
  readonly title: string;
  readonly endings: readonly string[];
  readonly firstBytes: readonly Signature[];
}

/** The formats of pictures: BMP is decoded here, all others by sharp. */
export const rasterFormats: Readonly<Record<RasterFormatName, RasterFormat>> = {
  png: { title: "PNG", endings: ["png"], firstBytes: [[[0, "\x89PNG\r\n\x1a\n"]]] },
  jpeg: { title: "JPEG", endings: ["jpg", "jpeg"], firstBytes: [[[0, "\xff\xd8\xff"]]] },
  tiff: {
    title: "TIFF",
    endings: ["tif", "tiff"],
    firstBytes: ["II*\0", "MM\0*", "II+\0", "MM\0+"].map((bytes): Signature => [[0, bytes]]),
  },
  webp: {
    title: "WebP",
    endings: ["webp"],
    firstBytes: [
      [
        [0, "RIFF"],
        [8, "WEBP"],
      ],
    ],
  },
  bmp: {
    title: "BMP",
    endings: ["bmp"],
    // Two letters say too little: the size of the header must be a known one.
    firstBytes: bmpHeaderSizes.map(
      (size): Signature => [
        [0, "BM"],
        [14, `${String.fromCharCode(size)}\0\0\0`],
      ],
    ),
  },
  gif: { title: "GIF", endings: ["gif"], firstBytes: ["GIF87a", "GIF89a"].map((bytes): Signature => [[0, bytes]]) },
};

const titles = Object.values(rasterFormats).map(({ title }) => title);

/** The formats of pictures in messages. */
export const pictureFormats = `${titles.slice(0, -1).join(", ")} or ${titles.at(-1)}`;
