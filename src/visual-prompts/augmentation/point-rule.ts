import type { Image, Mask, Point } from "../../image/index.ts";
import type { RandomStream } from "../../tensor/random.ts";

/** What further points are chosen by. */
export interface PointSource {
  /** The first mask; points lie on its pixels. */
  readonly mask: Mask;
  readonly image: Image;
  readonly random: RandomStream;
}

/** Prepares the choice of points on one mask: the returned function gives each candidate pixel a score, of which the highest wins. */
export type PointRule = (source: PointSource) => (candidate: Point, chosen: readonly Point[]) => number;
