import type { z } from "zod";
import type { GrayImage, Image, Mask } from "../image/index.ts";

/** A mask made by cutting the levels of a map. */
export interface CutMask extends Mask {
  /** The least level called foreground, 0..255 (256: none is high enough); absent where no level divides the map. */
  readonly level?: number;
}

/** A way from a stored saliency map to a mask of the same size. */
export interface CoarseMethod<S extends z.ZodObject = z.ZodObject> {
  /** All that can be chosen about it, each with its default, unit and meaning. */
  readonly settings: S;
  /** Whether it looks at the image, too, and not at the map alone. */
  readonly needsImage: boolean;
  /** @param image - of the size of the map; there for a method that needs it */
  cut(map: GrayImage, settings: z.infer<S>, image?: Image): CutMask;
}
