import { checkedFloats } from "../check/prompts.ts";
import type { Image } from "../image/types.ts";
import type { ClipModel } from "../models/clip/index.ts";
import { gridOf } from "../models/vit.ts";
import { tensor } from "../tensor/tensor.ts";
import type { SaliencyMethod } from "./saliency-method.ts";

/**
 * A custom saliency method: how much each patch of an image supports a text. The map is made of its values as of those of any other
 * method.
 *
 * @param view - what the model sees: S x S pixels
 * @param text - [E] features of the text in the shared space; only their direction matters
 * @param clip - the model, for instance its `imageFeatures` of changed views
 * @returns [g · g] values row by row, larger for more, where g = S / patch; they are stretched to [0, 1] afterwards
 */
export type OwnSaliencyMethod = (view: Image, text: Float32Array, clip: ClipModel) => Promise<Float32Array>;

/** A function as a saliency method. It holds nothing, and no part of its work is shared between texts: the pixels themselves are passed on. */
export function methodOfFunction(valuesOf: OwnSaliencyMethod, clip: ClipModel): SaliencyMethod {
  const { depth, imageSize } = clip.config.vision;
  const grid = gridOf(clip.config.vision);
  return {
    layer: depth - 1,
    grid,
    warnings: [],
    hiddenTokens: async ({ width, height, data }) => tensor("uint8", [height, width, 3], new Uint8Array(data)),
    async attribute({ data }, text) {
      const view = { width: imageSize, height: imageSize, data: data as Uint8Array };
      return checkedFloats(await valuesOf(view, text, clip), "segment", "what your saliency method returns", [grid, grid]);
    },
    flops: () => ({ image: 0, text: 0 }),
    dispose: async () => {},
  };
}
