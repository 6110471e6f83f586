import type { Value } from "../graph/index.ts";
import type { Linear, Norm } from "../nn/index.ts";
import type { Shape } from "../tensor/tensor.ts";

/** The tensors of a model as values of a graph, by their official names: stored in a file, or inputs that are trained. */
export abstract class NamedWeights {
  /** Whether there is such a tensor. */
  abstract has(official: string): boolean;

  /** Shape of a tensor under its official name. @throws WeightsError when there is none */
  abstract shapeOf(official: string): Shape;

  /** The tensor as a float32 value of a graph. `shape` may restate its shape where schemes differ in axes of length 1. */
  abstract get(official: string, shape?: Shape): Value;

  /** Equal parts of a tensor along its first axis, such as the query, key and value rows of a fused projection. */
  abstract parts(official: string, count: number): Value[];

  /** The layer whose tensors are `<official>.weight` and, where there is one, `<official>.bias`. */
  linear(official: string): Linear {
    const bias = `${official}.bias`;
    return { weight: this.get(`${official}.weight`), ...(this.has(bias) && { bias: this.get(bias) }) };
  }

  /** Query, key and value of a fused projection. */
  fused(official: string): [Linear, Linear, Linear] {
    const biases = this.parts(`${official}.bias`, 3);
    return this.parts(`${official}.weight`, 3).map((weight, i) => ({ weight, bias: biases[i]! })) as [Linear, Linear, Linear];
  }

  /** The normalisation layer `<official>.weight`, `<official>.bias`. */
  norm(official: string): Norm {
    return { weight: this.get(`${official}.weight`), bias: this.get(`${official}.bias`) };
  }
}
