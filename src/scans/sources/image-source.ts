import type { Orientation } from "../../image/orientation.ts";
import type { Image } from "../../image/types.ts";
import type { AppliedWindow, Window } from "./window.ts";

/** Stored samples of an image. */
export type SampleArray = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array;

/** The samples of an image before any conversion, interleaved row-major [H, W, stride]. */
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

/** A row of an affine: the factors of column, row and slice, then the offset. */
export type AffineRow = readonly [column: number, row: number, slice: number, offset: number];

/** How a grid of voxels lies in the patient. */
export interface Placement {
  /** From the numbers of a voxel (column, row, slice) to millimetres towards the patient's right, anterior and superior (RAS). */
  readonly affine: readonly [right: AffineRow, anterior: AffineRow, superior: AffineRow];
  /** Millimetres from voxel to voxel along columns' numbers, rows' numbers and slices (x, y, z). */
  readonly spacing: readonly [x: number, y: number, z: number];
  /** NIfTI's codes of what the affine refers to, for each of its two forms: 0 not given, 1 the scanner, 2 another scan, 3 and 4 atlases. */
  readonly qformCode: number;
  readonly sformCode: number;
  /** Whether the file says that its lengths are millimetres, metres or micrometres. */
  readonly isUnitKnown: boolean;
}

/** Geometry of an image in patient space. */
export interface Geometry {
  /** Millimetres per pixel [row, column]. */
  readonly spacing: readonly [row: number, column: number];
  /** Of the volume whose slice the image is, where the file tells it. */
  readonly placement?: Placement;
  /** Axes of that volume in its file: 2 for a slice without a third one. */
  readonly axes?: number;
}

/** `paper`: the method as described. `reference`: the behaviour of the released scripts. */
export type DisplayMode = "paper" | "reference";

/** How stored samples become the 8-bit image that models see. */
export interface View {
  /** Of pictures. Default `paper`. */
  readonly mode?: DisplayMode;
  /** Whether a picture whose file says so by EXIF is turned upright. Default `ignore`: it is shown as it is stored. */
  readonly exif?: "apply" | "ignore";
  /** In place of the file's own; of images with values that have one, such as DICOM. Never applied to colours. */
  readonly window?: Window | undefined;
}

/** An image as input of the models. */
export interface DisplayedImage {
  readonly image: Image;
  /** How the stored pixels were turned, if they were: results have to be turned back with `turnBack` before they are written. */
  readonly orientation?: Orientation;
  /** Warnings about guesses and losses, without the file name. */
  readonly warnings: readonly string[];
  /** The rule that was applied, where there was one. */
  readonly window?: AppliedWindow;
  /** Whether the largest value became black. */
  readonly isInverted?: boolean;
}

/** One image of a file. */
export interface Frame {
  readonly pixels: StoredPixels;
  /** Absent if the file does not contain it. */
  readonly geometry?: Geometry;
  /** Such as "png". */
  readonly format: string;
  /** Warnings about the file, without its name. */
  readonly warnings: readonly string[];
  /** The display rule: how the stored samples become the 8-bit RGB that models see. */
  display(view?: View): Promise<DisplayedImage>;
}

/** The content of a file that is in memory, for instance a member of an archive; the name is for messages. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A kind of file that holds images. A new one is one file that reads it, and a row of `sourceFiles` and `imageSources`. */
export interface ImageSource {
  /**
   * The images of a file in order. Usually there is one; its results have the name of the file.
   *
   * @throws InputError when the file is damaged or too large
   */
  frames(content: NamedBytes): Promise<readonly Frame[]>;
}
