import { add, constant, div, gather, mul, type Operand, sqrt, sub, type Value } from "../graph/index.ts";
import { tensor } from "../tensor/tensor.ts";
import type { Optimizer } from "./optimizer.ts";

/** Defaults are those of the method's authors. */
export interface AdamOptions {
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
 * @param rate - lr / (1 - β₁ᵗ), and
 * @param correction - sqrt(1 - β₂ᵗ): made in float64, as in float32 1 - β₂ᵗ would lose four digits at the first steps
 * @see Kingma and Ba 2015, arXiv:1412.6980, algorithm 1; ε stands outside the root and after the correction, as in torch
 */
function adamUpdate(state: AdamState, gradient: Value, rate: Operand, correction: Operand, options: AdamOptions): AdamState {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const first = add(mul(state.first, beta1), mul(gradient, 1 - beta1));
  const second = add(mul(state.second, beta2), mul(mul(gradient, gradient), 1 - beta2));
  const direction = div(first, add(div(sqrt(second), correction), epsilon));
  return { parameter: sub(state.parameter, mul(rate, direction)), first, second };
}

/**
 * One update of Adam inside a loop of a known number of steps.
 *
 * @param index - the iteration, int64 [] from 0; t = index + 1
 * @param steps - number of iterations in all; rate and correction of each of them are constants of the graph
 */
export function adamStep(
  state: AdamState,
  gradient: Value,
  index: Value,
  steps: number,
  { lr, ...options }: AdamOptions & { readonly lr: number },
): AdamState {
  const { beta1 = 0.9, beta2 = 0.999 } = options;
  const at = (value: (t: number) => number) => {
    const values = Float32Array.from({ length: steps }, (_, i) => value(i + 1));
    return gather(constant(tensor("float32", [steps], values)), index); // []
  };
  const rate = at((t) => lr / (1 - beta1 ** t));
  const correction = at((t) => Math.sqrt(1 - beta2 ** t));
  return adamUpdate(state, gradient, rate, correction, options);
}

/** Adam; weight decay is L2 regularisation, added to the gradient ("coupled"). */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamFamily(options, {
    numbers: (_, decay) => ({ decay }),
    apply: (parameter, gradient, { decay }) => [parameter, add(gradient, mul(parameter, decay!))],
  });
}

/**
 * AdamW: weight decay shrinks the parameter by lr · decay by itself, whatever the gradient ("decoupled").
 *
 * @see Loshchilov and Hutter 2019, arXiv:1711.05101
 */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adamFamily(options, {
    numbers: (lr, decay) => ({ shrink: 1 - lr * decay }),
    apply: (parameter, gradient, { shrink }) => [mul(parameter, shrink!), gradient],
  });
}

/** A form of weight decay. */
interface Decay {
  /** The numbers that it reads. */
  readonly numbers: (lr: number, weightDecay: number) => Readonly<Record<string, number>>;
  /** Parameter and gradient as it leaves them. */
  readonly apply: (parameter: Value, gradient: Value, numbers: Readonly<Record<string, Value>>) => readonly [Value, Value];
}

function adamFamily(options: AdamOptions, decay: Decay): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999 } = options;
  return {
    slots: ["first", "second"],
    numbers: (step, lr, weightDecay) => ({
      rate: lr / (1 - beta1 ** step),
      correction: Math.sqrt(1 - beta2 ** step),
      ...decay.numbers(lr, weightDecay),
    }),
    update: (parameter, gradient, [first, second], numbers) => {
      const [from, g] = decay.apply(parameter, gradient, numbers);
      const next = adamUpdate({ parameter: from, first: first!, second: second! }, g, numbers.rate!, numbers.correction!, options);
      return { parameter: next.parameter, slots: [next.first, next.second] };
    },
  };
}
