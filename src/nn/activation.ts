import { gelu, mul, sigmoid, type Value } from "../graph/index.ts";

/** x · σ(1.702 x): the approximation of GELU with which OpenAI's CLIP was trained. @see Hendrycks and Gimpel 2016, arXiv:1606.08415 */
function quickGelu(x: Value): Value {
  return mul(x, sigmoid(mul(x, 1.702)));
}

/** Activations of a transformer's MLP, by name; `gelu` is the exact one. */
export const activations = { gelu, "quick-gelu": quickGelu } as const;
/** A name in `activations`. */
export type Activation = keyof typeof activations;
