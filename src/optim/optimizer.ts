import type { Value } from "../graph/index.ts";

/** A rule that moves a parameter by its gradient, each element by itself. */
export type Optimizer = GraphOptimizer | ArrayOptimizer;

interface Rule {
  /** Names of the arrays that are kept beside each parameter from step to step; all begin with zeros. */
  readonly slots: readonly string[];
  /** The numbers that a step depends on, made in float64. */
  readonly numbers: (step: number, lr: number, weightDecay: number) => Readonly<Record<string, number>>;
}

/** A rule as graph nodes, which read all of its numbers as scalars. */
export interface GraphOptimizer extends Rule {
  /** @returns the parameter and its slots after the step; both of any one shape */
  readonly update: (
    parameter: Value,
    gradient: Value,
    slots: readonly Value[],
    numbers: Readonly<Record<string, Value>>,
  ) => { readonly parameter: Value; readonly slots: readonly Value[] };
}

/** A rule of so few operations that a loop over the arrays is faster than to hand them to the runtime and back. */
export interface ArrayOptimizer extends Rule {
  /** Changes parameter and slots; the gradient counts `factor` times. */
  readonly updateInPlace: (
    parameter: Float32Array,
    gradient: Float32Array,
    slots: readonly Float32Array[],
    numbers: Readonly<Record<string, number>>,
    factor: number,
  ) => void;
}
