import { ConfigError } from "../../errors.ts";
import type { GrayImage } from "../../image/types.ts";
import type { SliceAxis } from "../../scans/sources/nifti/nifti.ts";

/** How a file is read into masks. */
export interface ReadOptions {
  readonly source?: string | undefined;
  readonly group?: string | undefined;
  readonly axis?: SliceAxis | undefined;
  /** Targets to write, in their order; none: all. */
  readonly targets: readonly string[];
  readonly out: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a file holds: structures with a picture for each frame. */
export interface FramesOfFile {
  readonly count: number;
  readonly structures: readonly { readonly label: string; pictureOf(frame: number): Promise<GrayImage> }[];
  readonly warnings: readonly string[];
}

/** Masks that are read from a file are numbered by the frames of a DICOM source as acquired. @throws ConfigError when another plane is asked for */
export function refusePlane({ axis }: ReadOptions): void {
  if (axis === undefined) return;
  throw new ConfigError(
    `--axis ${axis}: masks that are read from a file are numbered by the frames of a DICOM source as acquired. Leave out --axis.`,
  );
}
