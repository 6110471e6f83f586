import { z } from "zod";
import { denseMemory, denseMethod } from "./_dense.ts";
import { saliencyMethod } from "./saliency-method.ts";

/**
 * MaskCLIP: the last block's attention is left out, so each patch keeps its own value.
 *
 *   tokens = Proj(v)                        output projection of the values, no residual connection, no MLP
 *   value = cos(text, projection(LN(token)))
 *
 * @see Zhou, Loy and Dai 2022, "Extract Free Dense Labels from CLIP", arXiv:2112.01071: queries and keys of the last attention are
 *   removed, value and output projection become 1 x 1 convolutions
 * @remarks The paper describes an attention pooling, which has neither residual connection nor MLP. The authors' program for vision
 *   transformers keeps both of the last block.
 */
export const maskclip = saliencyMethod({
  settings: z.strictObject({}),
  drawsNoise: false,
  open: (model) => denseMethod(model, ({ v, project }) => project(v)),
  memory: denseMemory,
});
