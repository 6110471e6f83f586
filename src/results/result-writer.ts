import type { Box, GrayImage, Image, LabelledPoint, Mask } from "../image/index.ts";
import type { Geometry } from "../scans/sources/image-source.ts";
import type { Target } from "../targets/target.ts";
import type { ResultPlace } from "./layout.ts";

/** What was found of one target in an image. */
export interface TargetResult {
  readonly target: Target;
  readonly mask: Mask;
  readonly coarse: Mask;
  readonly saliency?: GrayImage | undefined;
  /** What SAM was given, in pixels of the image. */
  readonly boxes: readonly Box[];
  readonly points: readonly LabelledPoint[];
}

/** What was found in an image. */
export interface ImageResult {
  readonly image: Image;
  /** Where the pixels lie in the patient, as far as it is known. */
  readonly geometry?: Geometry | undefined;
  /** Of the targets that were looked for in this image, in the order of the run's. */
  readonly targets: readonly TargetResult[];
  /** All masks in one image, each as its target's value; present where the run has several targets. */
  readonly labels?: GrayImage | undefined;
  /** Words that everybody who sees a result must read. */
  readonly note?: string | undefined;
}

/** Writes the masks of a run in one format. A new format is one file that writes it and one row of `resultWriters`. */
export interface ResultWriter {
  /** Files that are there when an image is done: a rerun goes by them. @param targets - those that are looked for in the image */
  filesOf(place: ResultPlace, targets: readonly Target[]): string[];
  /** Writes what belongs to the run, before its first image. */
  begin(place: Omit<ResultPlace, "name">): Promise<void>;
  /** Writes an image's masks, each file whole or not at all. @throws OutputError when it cannot */
  write(place: ResultPlace, result: ImageResult): Promise<void>;
}
