/** Operators whose outputs depend on a whole row of the input. */
import { checkedNames } from "../../check/options.ts";
import { ShapeError } from "../../errors.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { axesOf, axisOf, checkedEpsilon, flagOf, shapeOf } from "../arguments.ts";
import { apply, describe, type GradientSample, integers, integersOf, type Operator, scalar, type Value } from "../value.ts";
import { floats, numbers, singles } from "./_dtypes.ts";
import { matmul } from "./algebra.ts";
import { conv } from "./convolution.ts";
import { add, cast, div, exp, log, mul, sub } from "./elementwise.ts";
import { detach, expand, reduceSum, reshape, sumTo, swapLast } from "./movement.ts";

const Softmax: Operator = {
  name: "Softmax",
  dtypes: floats,
  types: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  gradient: (dy, _, { attributes, outputs: [y] }) => {
    const axis = (attributes.axis as { int: number }).int;
    const weighted = mul(dy, y!);
    return [sub(weighted, mul(y!, reduceSum(weighted, [axis], { keepDims: true })))];
  },
  samples: [{ shapes: [[2, 3, 4]], apply: (x) => softmax(x!) }],
};

/**
 * y = γ·x̂ + β with x̂ = (x - mean) / sqrt(variance + ε) over the last axis. The kernel also returns mean and 1 / deviation,
 * which the gradient reuses: dx = (g - mean(g) - x̂·mean(g·x̂)) / deviation with g = dy·γ.
 */
const LayerNormalization: Operator = {
  name: "LayerNormalization",
  dtypes: floats,
  types: ([x, scale, bias]) => {
    const width = x!.shape.at(-1);
    for (const parameter of [scale!, bias!]) {
      if (parameter.shape.length !== 1 || parameter.shape[0] !== width)
        throw new ShapeError(`layerNorm: parameters must be [${width}], got ${describe(parameter)}`);
    }
    const rows = [...x!.shape.slice(0, -1), 1];
    // The statistics are float32 for any dtype of x (ONNX's stash_type).
    return [
      { dtype: x!.dtype, shape: x!.shape },
      { dtype: "float32", shape: rows },
      { dtype: "float32", shape: rows },
    ];
  },
  gradient: (dy, [x, scale, bias], { outputs: [, ...statistics] }) => {
    const [mean, inverseDeviation] = statistics.map((value) => cast(value, dy.dtype));
    const normal = mul(sub(x!, mean!), inverseDeviation!);
    const g = mul(dy, scale!);
    const dx = mul(sub(sub(g, lastMean(g)), mul(normal, lastMean(mul(g, normal)))), inverseDeviation!);
    return [dx, sumTo(mul(dy, normal), scale!.shape), sumTo(dy, bias!.shape)];
  },
  samples: [{ shapes: [[2, 3, 5], [5], [5]], dtype: "float32", apply: (x, scale, bias) => layerNorm(x!, scale!, bias!, 1e-5) }],
};

/** Instance normalisation in one kernel, for graphs that are only run forward: it keeps no statistics, so it has no gradient. */
const InstanceNormalization: Operator = {
  name: "InstanceNormalization",
  dtypes: singles,
  types: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
};

/**
 * γ·x̂ + β for pictures, as others have computed it, with its gradient in one step: the sums of a picture serve γ, β and x, and nothing
 * else of its size is kept than x̂.
 *
 *   dx = γ / deviation · (dy - mean(dy) - x̂·mean(dy·x̂)),   dγ = Σ dy·x̂,   dβ = Σ dy
 *
 * Inputs are the result, x [B, C, H, W], γ and β [C], x̂ [B C, H W] and 1 / deviation [B C, 1]; the first and the last two are constants.
 */
const NormalisedPictures: Operator = {
  // It is written without the inputs that only the gradient reads.
  name: "Identity",
  written: 1,
  types: ([y]) => [{ dtype: y!.dtype, shape: y!.shape }],
  gradient: (dy, [, x, scale, , normal, inverseDeviation]) => {
    const [batch, channels, ...sides] = x!.shape as [number, number, number, number];
    const [rows, pixels] = normal!.shape as [number, number];
    const sum = reshape(reduceSum(dy, [2, 3]), [rows]);
    const [g, n] = [dy, normal!].map((value) => reshape(value, [rows, 1, pixels])) as [Value, Value];
    const product = reshape(matmul(g, swapLast(n)), [rows]); // Σ dy·x̂: a product keeps nothing of the size of a picture
    const ofChannel = (sums: Value) => reduceSum(reshape(sums, [batch, channels]), [0]);
    const factor = mul(reshape(inverseDeviation!, [rows]), reshape(expand(scale!, [batch, channels]), [rows]));
    const [slope, shift] = [product, sum].map((value) => mul(div(value, -pixels), factor)) as [Value, Value];
    const [pictures, normals] = [dy, normal!].map((value) => reshape(value, [1, rows, ...sides])) as [Value, Value];
    const dx = add(scaledPictures(normals, slope, shift), scaledPictures(pictures, factor));
    return [null, reshape(dx, x!.shape), ofChannel(product), ofChannel(sum), null, null];
  },
};

/** The gradient of `instanceNorm` is that of an operator inside it. */
export const instanceNormSamples: readonly GradientSample[] = [
  { shapes: [[2, 3, 2, 4], [3], [3]], dtype: "float32", apply: (x, scale, bias) => instanceNorm(x!, scale!, bias!, 1e-5) },
  { shapes: [[1, 2, 3, 3], [2], [2]], dtype: "float32", apply: (x, scale, bias) => instanceNorm(x!, scale!, bias!, 0.5) },
];

/** The largest element along an axis, which is kept with length 1. It is only used as a constant, so it has no gradient. */
const ReduceMax: Operator = {
  name: "ReduceMax",
  dtypes: numbers,
  operands: 1,
  types: ([x, axes]) => [{ dtype: x!.dtype, shape: x!.shape.map((length, axis) => (integersOf(axes!).includes(axis) ? 1 : length)) }],
};

export const normalisation = { ReduceMax, Softmax, LayerNormalization, InstanceNormalization };

/** Exponentials divided by their sum along an axis (the last by default). */
export function softmax(x: Value, axis = -1): Value {
  return apply(Softmax, [x], { axis: { int: axisOf(axis, x, "softmax") } })[0]!;
}

/**
 * ln Σ eˣ along an axis (the last by default), which is kept with length 1. The largest element is taken out of the sum, so that
 * nothing overflows; it cancels, and so does its gradient.
 */
export function logSumExp(x: Value, axis = -1): Value {
  const at = axisOf(axis, x, "logSumExp");
  const largest = detach(apply(ReduceMax, [x, integers([at])], { keepdims: { int: 1 } })[0]!);
  return add(log(reduceSum(exp(sub(x, largest)), [at], { keepDims: true })), largest);
}

/** Zero mean and unit variance over the last axis, then times `scale` plus `bias`, both [D]. */
export function layerNorm(x: Value, scale: Value, bias: Value, epsilon: number): Value {
  return apply(LayerNormalization, [x, scale, bias], { axis: { int: -1 }, epsilon: { float: checkedEpsilon(epsilon, "layerNorm") } })[0]!;
}

export interface InstanceNormOptions {
  /**
   * Whether the graph is only run forward. One kernel then does it all, in three quarters of the time, for pictures of any size; but it keeps no
   * statistics, so there is no gradient. Default false.
   */
  readonly isForwardOnly?: boolean;
}

/**
 * Zero mean and unit variance of each picture [H, W] of x [B, C, H, W] by itself, then times `scale` plus `bias`, both [C].
 *
 * For gradients it is a layer normalisation over the pixels, whose kernel returns the statistics, too.
 */
export function instanceNorm(x: Value, scale: Value, bias: Value, epsilon = 1e-5, options: InstanceNormOptions = {}): Value {
  const [batch, channels, height, width] = shapeOf(x, "instanceNorm: x", 4) as [number, number, number, number];
  for (const parameter of [scale, bias]) {
    if (shapeOf(parameter, "instanceNorm: a parameter", 1)[0] !== channels)
      throw new ShapeError(`instanceNorm: expected parameters [${channels}], got ${describe(parameter)}`);
  }
  const { isForwardOnly = false } = checkedNames(options, ["isForwardOnly"], "instanceNorm");
  if (flagOf(isForwardOnly, "instanceNorm: isForwardOnly").int === 1)
    return apply(InstanceNormalization, [x, scale, bias], { epsilon: { float: checkedEpsilon(epsilon, "instanceNorm") } })[0]!;
  const repeated = (number: number) => expand(scalar(number, x.dtype), [height * width]);
  const flat = reshape(x, [batch * channels, height * width]);
  const [normal, , inverseDeviation] = apply(LayerNormalization, [flat, repeated(1), repeated(0)], {
    axis: { int: -1 },
    epsilon: { float: checkedEpsilon(epsilon, "instanceNorm") },
  }) as [Value, Value, Value];
  const y = scaledPictures(reshape(normal, x.shape), scale, bias);
  return apply(NormalisedPictures, [detach(y), x, scale, bias, detach(normal), detach(cast(inverseDeviation, x.dtype))])[0]!;
}

/**
 * x [B, C, H, W] times `scale` plus `shift`, both [C]. Written as a convolution of each channel with one element it takes one pass over x, with
 * a leaky ReLU or a sum behind it as well, since the runtime joins those: on 2 cores half of the time of the operators one by one.
 */
function scaledPictures(x: Value, scale: Value, shift?: Value): Value {
  const channels = x.shape[1]!;
  if (x.dtype === "float32") return conv(x, reshape(scale, [channels, 1, 1, 1]), { groups: channels, ...(shift && { bias: shift }) });
  const [factor, summand] = [scale, shift].map((parameter) => parameter && reshape(parameter, [channels, 1, 1]));
  const product = mul(x, factor!);
  return summand ? add(product, summand) : product;
}

/** Mean over some axes; over all of them when none is named. */
export function reduceMean(x: Value, axes?: readonly number[], options: { keepDims?: boolean } = {}): Value {
  const over = axesOf(axes, x, "reduceMean");
  const count = sizeOf(over.map((axis) => x.shape[axis]!));
  return div(reduceSum(x, over, options), count);
}

function lastMean(x: Value): Value {
  return reduceMean(x, [-1], { keepDims: true });
}
