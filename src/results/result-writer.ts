import type { Box, GrayImage, Image, LabelledPoint, Mask, Orientation } from "../image/index.ts";
import type { Geometry } from "../scans/sources/image-source.ts";
import type { Target } from "../targets/target.ts";
import type { ResultPlace } from "./layout.ts";

/** Result for one target in an image. */
export interface TargetResult {
  readonly target: Target;
  readonly mask: Mask;
  readonly coarse: Mask;
  readonly saliency?: GrayImage | undefined;
  /** Visual prompts given to SAM, in pixels of the image. */
  readonly boxes: readonly Box[];
  readonly points: readonly LabelledPoint[];
}

/** Results for an image. */
export interface ImageResult {
  readonly image: Image;
  /** Geometry of the image in patient space, as far as known. */
  readonly geometry?: Geometry | undefined;
  /** Results of the targets of this image, in the order of the run. */
  readonly targets: readonly TargetResult[];
  /** Label image of all masks; present if the run has several targets. */
  readonly labels?: GrayImage | undefined;
  /** How the stored pixels were turned upright; masks and labels are turned back, so that they lie as the file stores its pixels. */
  readonly orientation?: Orientation | undefined;
  /** Notice shown with every result. */
  readonly note?: string | undefined;
}

/** Writes the masks of a run in one format. A new format is one file that writes it and one row of `resultWriters`. */
export interface ResultWriter {
  /** Files that exist when an image is finished, by which a rerun skips it. @param targets - of the image */
  filesOf(place: ResultPlace, targets: readonly Target[]): string[];
  /** Writes the files of the run itself, before its first image. */
  begin(place: Omit<ResultPlace, "name">): Promise<void>;
  /** Writes an image's masks, each file whole or not at all. @throws OutputError when it cannot */
  write(place: ResultPlace, result: ImageResult): Promise<void>;
}
