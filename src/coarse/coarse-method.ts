import type { GrayImage, Mask } from "../image/index.ts";

/** What a coarse method may be told; each reads what it needs. */
export interface CutOptions {
  /** Saliency above which a pixel is foreground, in [0, 1]; `threshold` alone reads it. */
  readonly threshold?: number | undefined;
}

/** A mask made by cutting the levels of a map. */
export interface CutMask extends Mask {
  /** The least level called foreground, 0..255 (256: none is high enough); absent where no level divides the map. */
  readonly level?: number;
}

/** A way from a stored saliency map to a mask of the same size. */
export type CoarseMethod = (map: GrayImage, options?: CutOptions) => CutMask;
