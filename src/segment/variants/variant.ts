import type { Image, Raster, Size } from "../../image/index.ts";
import type { Placement } from "../postprocess.ts";

/** What a training can have taught a model. */
export type Trained = "boxes" | "points" | "mask prompts" | "candidate masks";

/**
 * What tells a model of SAM's architecture from others of it: how an image becomes its input, and its logits a mask. Prompts are scaled as the
 * image is, each axis by itself.
 */
export interface SamVariant {
  /** As its authors call it. */
  readonly title: string;
  readonly trainedWith: readonly Trained[];
  /** Size of an image within the model's square of `side` pixels. */
  sizeWithin(size: Size, side: number): Size;
  /** The levels of an image at that size. */
  resize(image: Image, side: number): Image;
  /**
   * Input values of levels at that size.
   *
   * @param pixels - takes them: [3, S, S], zeros before
   */
  normaliseInto(pixels: Float32Array, levels: Image, side: number): void;
  /**
   * Mask logits at the size of the image: above 0 inside the mask, and their sigmoid is the probability.
   *
   * @param logits - [l, l] of one mask
   */
  enlarge(logits: Float32Array, placement: Placement): Raster<Float32Array>;
}
