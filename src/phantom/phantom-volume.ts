import type { MaskStack } from "../image/index.ts";
import type { Modality, StructureFacts } from "./phantom.ts";

/** Modalities whose scans are volumes. */
export const volumeModalities = ["brain-mri", "chest-ct"] as const satisfies readonly Modality[];
export type VolumeModality = (typeof volumeModalities)[number];

/** A synthetic volume and its ground truth, as radiological pictures lie: columns to the patient's left, rows to the back, slices from feet to head. */
export interface PhantomVolume {
  readonly modality: VolumeModality;
  /** Pixels in a slice's side, S, and the number of slices. */
  readonly size: number;
  readonly slices: number;
  /** [slices, S, S]: Hounsfield units of a CT, intensities from 0 to about 1000 of an MRI. */
  readonly data: Int16Array;
  /** Millimetres between [slices, rows, columns]. */
  readonly spacing: readonly [slice: number, row: number, column: number];
  /** By name; none is empty. */
  readonly structures: ReadonlyMap<string, { readonly mask: MaskStack; readonly facts: StructureFacts }>;
}

/** How large a volume is: `size` pixels in a slice's side; the slices share the height of the chest or head evenly. */
export interface VolumeSize {
  readonly size: number;
  readonly slices: number;
}
