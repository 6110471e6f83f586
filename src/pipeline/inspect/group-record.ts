import type { Scan } from "../../scans/scan.ts";
import type { AppliedWindow } from "../../scans/sources/window.ts";

/** What `inspect --json` says of a group of frames. */
export interface GroupRecord {
  readonly name: string;
  /** Paths below the given folder, in slice order; a file of several frames once. */
  readonly files: readonly string[];
  /** Where one file holds several frames: their numbers in it, from 1, in slice order. */
  readonly frameNumbers?: readonly number[];
  readonly frames: number;
  readonly rows: number;
  readonly columns: number;
  /** Millimetres [between rows, between columns]. */
  readonly spacing: readonly [number, number] | null;
  readonly spacingSource: string | null;
  readonly volume: boolean;
  /** From the numbers of column, row and slice to millimetres towards left, posterior and superior, [4, 4]. */
  readonly affineLps: readonly (readonly number[])[] | null;
  /** Where the numbers of columns, rows and slices grow to: "LPS". */
  readonly axisCodes: string | null;
  /** How the values of the first frame become levels of gray; null for colours and pictures. */
  readonly window: AppliedWindow | null;
  readonly inverted: boolean;
  readonly warnings: readonly string[];
}

/** How a scan is shown. */
export interface Shown {
  readonly window: AppliedWindow | undefined;
  readonly isInverted: boolean;
  /** About its frames. */
  readonly warnings: readonly string[];
}

/** @param pathOf - the path of a file as it is to be named */
export function groupRecord(scan: Scan, { window, isInverted, warnings }: Shown, pathOf: (file: string) => string): GroupRecord {
  const { name, rows, columns, spacing, spacingSource, isVolume, affine, axisCodes } = scan;
  // Of slices that were cut from a volume the files are those of the volume.
  const { frames } = scan.cut?.origin ?? scan;
  const numbers = frames.flatMap(({ number }) => (number === undefined ? [] : [number]));
  const files = [...new Set(frames.map(({ file }) => file))];
  // Frames of several files, of which some hold several, are named one by one.
  const isMixed = numbers.length > 0 && files.length > 1;
  return {
    name,
    files: (isMixed ? frames.map(({ file }) => file) : files).map(pathOf),
    ...(numbers.length > 0 && scan.source !== "nifti" && { frameNumbers: isMixed ? frames.map(({ number = 1 }) => number) : numbers }),
    frames: scan.frames.length,
    rows,
    columns,
    spacing: spacing ?? null,
    spacingSource: spacingSource ?? null,
    volume: isVolume,
    affineLps: affine ? [...affine, [0, 0, 0, 1]] : null,
    axisCodes: axisCodes?.join("") ?? null,
    window: window ?? null,
    inverted: isInverted,
    warnings: [...new Set([...scan.warnings, ...warnings])],
  };
}
