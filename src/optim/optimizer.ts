import type { Value } from "../graph/index.ts";

/** A rule that moves a parameter by its gradient, as graph nodes that work on each element by itself. */
export interface Optimizer {
  /** Names of the arrays that are kept beside each parameter from step to step; all begin with zeros. */
  readonly slots: readonly string[];
  /** The numbers that a step depends on, made in float64: `update` reads all of them as scalars. */
  readonly numbers: (step: number, lr: number, weightDecay: number) => Readonly<Record<string, number>>;
  /** @returns the parameter and its slots after the step; both of any one shape */
  readonly update: (
    parameter: Value,
    gradient: Value,
    slots: readonly Value[],
    numbers: Readonly<Record<string, Value>>,
  ) => { readonly parameter: Value; readonly slots: readonly Value[] };
}
