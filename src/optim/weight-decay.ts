import type { Shape } from "../tensor/tensor.ts";

/**
 * Whether weight decay applies to a parameter, by the rule of open_clip's trainer: not to arrays of fewer than two axes, nor to
 * names with "bn", "ln", "bias" or "logit_scale". Tables of embeddings and the class token are decayed.
 */
export function isDecayed(name: string, shape: Shape): boolean {
  return shape.length >= 2 && !["bn", "ln", "bias", "logit_scale"].some((part) => name.includes(part));
}
