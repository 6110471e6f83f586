import { add, mul, sub } from "../graph/index.ts";
import type { Optimizer } from "./optimizer.ts";

export interface SgdOptions {
  readonly momentum?: number;
  /** Whether the step looks ahead: gradient + momentum · buffer instead of the buffer itself. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent with momentum; weight decay is L2 regularisation.
 *
 *   g ← g + decay · θ,   b ← μ b + g  (b = g at first),   θ ← θ - lr · (nesterov ? g + μ b : b)
 *
 * @see Sutskever et al. 2013; in torch's form, where lr scales the step and not the buffer
 */
export function sgd({ momentum = 0, nesterov = false }: SgdOptions = {}): Optimizer {
  return {
    slots: ["momentum"],
    numbers: (_, lr, weightDecay) => ({ lr, decay: weightDecay }),
    update: (parameter, gradient, [buffer], { lr, decay }) => {
      const g = add(gradient, mul(parameter, decay!));
      const next = add(mul(buffer!, momentum), g);
      const step = nesterov ? add(g, mul(next, momentum)) : next;
      return { parameter: sub(parameter, mul(lr!, step)), slots: [next] };
    },
  };
}
