import { checkedEpsilon, shapeOf } from "../graph/arguments.ts";
import {
  div,
  type InstanceNormOptions,
  instanceNorm,
  layerNorm,
  max,
  mul,
  reduceSum,
  sqrt,
  transpose,
  type Value,
} from "../graph/index.ts";
import { checkedLayer } from "./_layer.ts";

/** Scale and shift of a normalisation layer, both [D], or [C] for channels. */
export interface Norm {
  readonly weight: Value;
  readonly bias: Value;
}

/** Layer normalisation over the last axis. */
export function norm(x: Value, layer: Norm, epsilon: number): Value {
  const { weight, bias } = checkedLayer(layer, "norm", { weight: 1, bias: 1 });
  return layerNorm(x, weight, bias, epsilon);
}

/** Layer normalisation over the channels of [B, C, H, W]. */
export function channelNorm(x: Value, parameters: Norm, epsilon: number): Value {
  shapeOf(x, "channelNorm: x", 4);
  return transpose(norm(transpose(x, [0, 2, 3, 1]), parameters, epsilon), [0, 3, 1, 2]);
}

/** Each picture of [B, C, H, W] normalised by itself, then scaled and shifted by channel. */
export function instanceNorm2d(x: Value, layer: Norm, epsilon = 1e-5, options: InstanceNormOptions = {}): Value {
  const { weight, bias } = checkedLayer(layer, "instanceNorm2d", { weight: 1, bias: 1 });
  return instanceNorm(x, weight, bias, epsilon, options);
}

/** Rows of [..., D] divided by their length; a length below `epsilon` counts as `epsilon`. */
export function unitLength(x: Value, epsilon = 1e-12): Value {
  const squares = reduceSum(mul(x, x), [-1], { keepDims: true }); // [..., 1]
  return div(x, max(sqrt(squares), checkedEpsilon(epsilon, "unitLength")));
}

/**
 * Cosine of the angle between rows of two arrays [..., D] that broadcast: a·b / max(|a|·|b|, ε).
 *
 * @see torch.nn.functional.cosine_similarity, whose ε M2IB sets to 1e-6
 */
export function cosineSimilarity(a: Value, b: Value, epsilon = 1e-8): Value {
  const dot = reduceSum(mul(a, b), [-1]);
  const squares = mul(reduceSum(mul(a, a), [-1]), reduceSum(mul(b, b), [-1]));
  return div(dot, sqrt(max(squares, checkedEpsilon(epsilon, "cosineSimilarity") ** 2)));
}
