import { add, constant, div, gather, mul, sqrt, sub, type Value } from "../graph/index.ts";
import { tensor } from "../tensor/tensor.ts";

/** Defaults are those of the method's authors. */
export interface AdamOptions {
  readonly lr: number;
  readonly beta1?: number;
  readonly beta2?: number;
  /** Keeps the division finite; it matters where gradients are as small as M2IB's (1e-7). */
  readonly epsilon?: number;
}

/** A parameter and its running averages of gradient and squared gradient, all of one shape. */
export interface AdamState {
  readonly parameter: Value;
  readonly first: Value;
  readonly second: Value;
}

/**
 * One update of Adam as graph nodes.
 *
 *   m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²
 *   θ ← θ - lr / (1 - β₁ᵗ) · m / (sqrt(v) / sqrt(1 - β₂ᵗ) + ε)
 *
 * @param index - the iteration, int64 [] from 0; t = index + 1
 * @param steps - number of iterations in all. The bias corrections are made for each of them in float64: in float32
 *   1 - β₂ᵗ would lose four digits at the first steps.
 * @see Kingma and Ba 2015, arXiv:1412.6980, algorithm 1
 */
export function adamStep(state: AdamState, gradient: Value, index: Value, steps: number, options: AdamOptions): AdamState {
  const { lr, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const table = (at: (t: number) => number) =>
    constant(
      tensor(
        "float32",
        [steps],
        Float32Array.from({ length: steps }, (_, i) => at(i + 1)),
      ),
    );
  const rate = gather(
    table((t) => lr / (1 - beta1 ** t)),
    index,
  ); // []
  const correction = gather(
    table((t) => Math.sqrt(1 - beta2 ** t)),
    index,
  ); // []
  const first = add(mul(state.first, beta1), mul(gradient, 1 - beta1));
  const second = add(mul(state.second, beta2), mul(mul(gradient, gradient), 1 - beta2));
  const direction = div(first, add(div(sqrt(second), correction), epsilon));
  return { parameter: sub(state.parameter, mul(rate, direction)), first, second };
}
