import type { Image } from "../../image/types.ts";
import type { Signature } from "./first-bytes.ts";

/** Samples of a picture as they are stored. */
export type SampleArray = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array;

/** The samples of a picture before any conversion, interleaved row-major [H, W, stride]. */
export interface StoredPixels {
  readonly width: number;
  readonly height: number;
  readonly space: "gray" | "rgb" | "cmyk";
  /** Gray 1, RGB 3, CMYK 4; one more where the file has alpha. Palettes and 1 to 4 bits are expanded to 8-bit gray or RGB. */
  readonly channels: number;
  readonly hasAlpha: boolean;
  /** Distance between neighbouring pixels in `data`; less than `channels` where the decoder left out alpha. */
  readonly stride: number;
  readonly bitDepth: number;
  readonly data: SampleArray;
}

/** Where the pixels of an image lie in the patient. */
export interface Geometry {
  /** Millimetres per pixel [row, column]. */
  readonly spacing: readonly [row: number, column: number];
}

/** `paper`: what the method says. `reference`: what the released scripts do. */
export type DisplayMode = "paper" | "reference";

/** An image as models see it. */
export interface DisplayedImage {
  readonly image: Image;
  /** What was guessed or lost on the way: sentences without the file name, to be shown beside it. */
  readonly warnings: readonly string[];
}

/** One image of a file. */
export interface Frame {
  readonly pixels: StoredPixels;
  /** Absent where the file does not tell it. */
  readonly geometry?: Geometry;
  /** Such as "png". */
  readonly format: string;
  /** Sentences about the file, without its name. */
  readonly warnings: readonly string[];
  /** The display rule: how the stored samples become the 8-bit RGB that models see. */
  display(mode: DisplayMode): DisplayedImage;
}

/** The content of a file that is in memory, for instance a member of an archive; the name is for messages. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A kind of file that holds images. A new one is one file that reads it and one row of `imageSources`. */
export interface ImageSource {
  /** Of its files' names, in lower case, without the dot: by these, images are found in folders. */
  readonly endings: readonly string[];
  /** Ways in which its files begin: by these they are opened, as endings are often wrong. */
  readonly firstBytes: readonly Signature[];
  /**
   * The images of a file in their order. One image is the usual case; its results are named as the file is.
   *
   * @throws InputError when the file is damaged or too large
   */
  frames(content: NamedBytes): Promise<readonly Frame[]>;
}
