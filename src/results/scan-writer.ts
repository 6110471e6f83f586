import type { Mask, SaliencyMap } from "../image/types.ts";
import type { Scan } from "../scans/scan.ts";
import type { Target } from "../targets/target.ts";

/** The masks of a scan: of each target one for each frame. They are asked for when they are written, frame by frame. */
export interface ScanResult {
  readonly scan: Scan;
  /** Targets of this scan, in the order of the run. */
  readonly targets: readonly Target[];
  /** @param frame - from 0, in the order of the scan @returns undefined where the mask is empty */
  maskOf(target: Target, frame: number): Promise<Mask | undefined>;
  /** The probabilities behind a mask, where they are known. */
  readonly probabilityOf?: ((target: Target, frame: number) => Promise<SaliencyMap | undefined>) | undefined;
  /** Models that made the masks, as far as they are known. */
  readonly models: readonly { readonly name: string; readonly sha256: string }[];
}

/** How the results of scans are written. */
export interface ScanWriteOptions {
  /** The output folder. */
  readonly out: string;
  /** DICOM SEG: probabilities instead of masks. */
  readonly fractional: boolean;
  /** DICOM SEG: a label map instead of a mask for each segment. */
  readonly labelmap: boolean;
  /** Write targets that are empty everywhere, too. */
  readonly keepEmpty: boolean;
  /** Copy from the source only what the standard requires. */
  readonly strip: boolean;
  /** The same UIDs and times at each export of the same masks. */
  readonly deterministic: boolean;
}

/** What was written. */
export interface Written {
  readonly files: readonly string[];
  /** What a user should know, without names of files or patients. */
  readonly messages: readonly string[];
}

/** The writing of a run's results in one format. */
export interface ScanWriting {
  /** Writes the masks of a scan, each file whole or not at all. @throws InputError when the format cannot hold them; OutputError when nothing can be written */
  add(result: ScanResult): Promise<Written>;
  /** Writes what all scans share. */
  finish(): Promise<Written>;
}

/** Writes masks of whole scans in one format. A new format is one file that writes it and one row of `scanWriters`. */
export interface ScanWriter {
  /** Whether all scans share a file, which `finish` writes. */
  readonly isShared?: boolean;
  /** @param targets - all targets of the run */
  open(options: ScanWriteOptions, targets: readonly Target[]): ScanWriting;
}

/** A writer whose files belong to one scan each. */
export function perScan(write: (result: ScanResult, options: ScanWriteOptions) => Promise<Written>): ScanWriter {
  return {
    open: (options) => ({ add: (result) => write(result, options), finish: async () => ({ files: [], messages: [] }) }),
  };
}
