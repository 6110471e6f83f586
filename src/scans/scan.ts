import type { Attributes } from "../dicom/attributes.ts";
import type { AxisCodes } from "./axes.ts";
import type { AffineRow, Frame, Placement } from "./sources/image-source.ts";

/** From the numbers of a voxel (column, row, slice) to millimetres towards the patient's left, posterior and superior (LPS, as in DICOM). */
export type AffineLps = readonly [left: AffineRow, posterior: AffineRow, superior: AffineRow];

/** A frame of a scan: where it is stored. */
export interface ScanFrame {
  readonly file: string;
  /** Number of the frame in its file, from 1, where the file holds several. */
  readonly number?: number;
}

/** Frames that belong together, in slice order: a DICOM series, a NIfTI volume, the pages of a TIFF, or one picture. */
export interface Scan {
  /** For results: made of modality and series number ("CT-3") for DICOM, else the file's name without its ending. Never of patient fields. */
  readonly name: string;
  readonly source: "dicom" | "nifti" | "raster";
  readonly frames: readonly ScanFrame[];
  /** Pixels of a frame. */
  readonly rows: number;
  readonly columns: number;
  /** Millimetres [between rows, between columns]; undefined if unknown. */
  readonly spacing: readonly [row: number, column: number] | undefined;
  /** Where the spacing comes from, such as "PixelSpacing". */
  readonly spacingSource: string | undefined;
  /** Whether the frames are evenly spaced slices of one volume. Only then is there a volume in mm³. */
  readonly isVolume: boolean;
  /** Where frames lie in the patient, if the frames are evenly spaced, or if there is one frame. */
  readonly affine: AffineLps | undefined;
  /** Where the numbers of columns, rows and slices grow to; absent if how the frames lie in the patient is not known. */
  readonly axisCodes?: AxisCodes;
  /** About the scan as a whole, without a file name. */
  readonly warnings: readonly string[];
  /** Where the slices were cut from another scan, in whose geometry results are written. */
  readonly cut?: ScanCut;
  /** Decodes a frame; only that frame, and the file it is in, is held in memory. @param index - from 0, in slice order @throws InputError when its file is damaged */
  read(index: number, options?: ReadOptions): Promise<Frame>;
}

export interface ReadOptions {
  /** Whether the frame is only displayed: the data of its pixels may then be empty. Default false. */
  readonly isOnlyShown?: boolean;
}

/** How slices were cut from the volume of another scan. */
export interface ScanCut {
  readonly origin: Scan;
  /** Directions of columns, rows and frames of the origin, and of those slices. */
  readonly from: AxisCodes;
  readonly to: AxisCodes;
}

/** A scan that was cut from another one. */
export interface CutScan extends Scan {
  readonly cut: ScanCut;
}

/** A NIfTI volume. */
export interface NiftiScan extends Scan {
  readonly source: "nifti";
  readonly own: {
    /** How the voxels of the file lie in the patient; of a file that does not say, as a convention has it. */
    readonly placement: Placement;
    /** Number of axes of the file. */
    readonly axes: number;
    /** Where the scan's columns, rows and slices grow to by that placement: slices may be cut along another axis than the file's third. */
    readonly slices: AxisCodes;
  };
}

/** A series of DICOM files. */
export interface DicomScan extends Scan {
  readonly source: "dicom";
  /** Headers, without pixels, by the file of a frame. */
  readonly headers: ReadonlyMap<string, Attributes>;
}
