/** Operators on each element by itself, with NumPy's broadcasting. */
import { described } from "../../check/described.ts";
import { ShapeError } from "../../errors.ts";
import { fromFloat32, toFloat32 } from "../../tensor/stored-tensor.ts";
import { checkedDType, type DType, isFloat, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { broadcastShapes } from "../_shapes.ts";
import { apply, checkedValue, constant, type GradientRule, type GradientSample, type Operator, scalar, type Value } from "../value.ts";
import { floats, numbers, singles } from "./_dtypes.ts";
import { reshape, slice, sumTo } from "./movement.ts";

/** What an operator on two arrays may be given: a number becomes a constant of the other's dtype. */
export type Operand = Value | number;

const broadcastSamples = (apply: (a: Value, b: Value) => Value, range?: readonly [number, number]): GradientSample[] => [
  {
    shapes: [
      [2, 3],
      [2, 3],
    ],
    apply: (a, b) => apply(a!, b!),
    ...(range && { range }),
  },
  {
    shapes: [
      [2, 1, 3],
      [4, 1],
    ],
    apply: (a, b) => apply(a!, b!),
    ...(range && { range }),
  },
];

function binary(name: string, gradient: GradientRule, samples: GradientSample[]): Operator {
  return {
    name,
    dtypes: numbers,
    types: ([a, b]) => [{ dtype: a!.dtype, shape: broadcastShapes(a!.shape, b!.shape, name) }],
    gradient: (dy, inputs, ...rest) => gradient(dy, inputs, ...rest).map((g, i) => g && sumTo(g, inputs[i]!.shape)),
    samples,
  };
}

const Add = binary(
  "Add",
  (dy) => [dy, dy],
  broadcastSamples((a, b) => add(a, b)),
);
const Sub = binary(
  "Sub",
  (dy) => [dy, neg(dy)],
  broadcastSamples((a, b) => sub(a, b)),
);
const Mul = binary(
  "Mul",
  (dy, [a, b]) => [mul(dy, b!), mul(dy, a!)],
  broadcastSamples((a, b) => mul(a, b)),
);
const Div = binary(
  "Div",
  (dy, [a, b]) => [div(dy, b!), neg(div(mul(dy, a!), mul(b!, b!)))],
  broadcastSamples((a, b) => div(a, b), [0.5, 2]),
);
// The gradient of a^b with respect to b, where it is asked for: a^b · ln a, so a must be positive.
const Pow = binary(
  "Pow",
  (dy, [a, b], { outputs }) => [mul(dy, mul(b!, pow(a!, lowered(b!)))), mul(dy, mul(outputs[0]!, log(a!)))],
  broadcastSamples((a, b) => pow(a, b), [0.5, 2]),
);
const Max = binary(
  "Max",
  (dy, [a, b]) => [mul(dy, greaterOrEqual(a!, b!)), mul(dy, sub(1, greaterOrEqual(a!, b!)))],
  broadcastSamples((a, b) => max(a, b)),
);

function unary(name: string, gradient: (dy: Value, x: Value, y: Value) => Value, sample: Partial<GradientSample> = {}): Operator {
  const operator: Operator = {
    name,
    dtypes: sample.dtype === "float32" ? singles : floats,
    types: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
    gradient: (dy, [x], { outputs }) => [gradient(dy, x!, outputs[0]!)],
    samples: [{ shapes: [[2, 3]], apply: (x) => apply(operator, [x!])[0]!, ...sample }],
  };
  return operator;
}

const Neg = unary("Neg", (dy) => neg(dy));
const Exp = unary("Exp", (dy, _, y) => mul(dy, y));
const Log = unary("Log", (dy, x) => div(dy, x), { range: [0.5, 2] });
const Sqrt = unary("Sqrt", (dy, _, y) => div(mul(dy, 0.5), y), { range: [0.5, 2] });
const Reciprocal = unary("Reciprocal", (dy, _, y) => neg(mul(dy, mul(y, y))), { range: [0.5, 2] });
const Sin = unary("Sin", (dy, x) => mul(dy, cos(x)));
const Cos = unary("Cos", (dy, x) => neg(mul(dy, sin(x))));
const Sigmoid = unary("Sigmoid", (dy, _, y) => mul(dy, mul(y, sub(1, y))));
const Tanh = unary("Tanh", (dy, _, y) => mul(dy, sub(1, mul(y, y))));
const Softplus = unary("Softplus", (dy, x) => mul(dy, sigmoid(x)), { dtype: "float32" });
const Erf = unary("Erf", (dy, x) => mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))), { dtype: "float32" });
// The samples stay clear of the kink at 0. Clip is used for the mask since Where is several times slower and Sign is not on every device.
const Relu = unary("Relu", (dy, _, y) => mul(dy, step(y, 0, dy)), { range: [0.2, 1] });
// d/dx x·Φ(x) = Φ(x) + x·φ(x), Φ and φ the standard normal distribution and density.
const Gelu = unary("Gelu", (dy, x) => mul(dy, add(normalDistribution(x), mul(x, normalDensity(x)))), { dtype: "float32", range: [-2, 2] });

/** max(x, slope · x) for slopes from 0 to 1. At 0 the gradient is that of the negative side, as in torch. The samples stay clear of it. */
const LeakyRelu: Operator = {
  name: "LeakyRelu",
  dtypes: singles,
  types: ([x], { alpha }) => {
    const slope = (alpha as { float: number }).float;
    if (!(slope >= 0 && slope <= 1)) throw new ShapeError(`leakyRelu: the slope must be from 0 to 1, got ${slope}`);
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  gradient: (dy, _, { outputs: [y], attributes }) => [mul(dy, step(y!, (attributes.alpha as { float: number }).float, dy))],
  samples: [
    { shapes: [[2, 3]], dtype: "float32", range: [0.2, 1], apply: (x) => leakyRelu(x!) },
    { shapes: [[2, 3]], dtype: "float32", range: [-1, -0.2], apply: (x) => leakyRelu(x!, 0.1) },
  ],
};

/** x where it is above α, else 0. */
const ThresholdedRelu: Operator = {
  name: "ThresholdedRelu",
  dtypes: singles,
  types: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  gradient: (dy, [x], { attributes }) => [
    mul(dy, sub(1, greaterOrEqual(scalar((attributes.alpha as { float: number }).float, x!.dtype), x!))),
  ],
  samples: [{ shapes: [[2, 3]], dtype: "float32", range: [0.6, 1], apply: (x) => thresholdedRelu(x!, 0.5) }],
};

const Clip: Operator = {
  name: "Clip",
  dtypes: numbers,
  types: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  gradient: (dy, [x, low, high]) => [mul(dy, mul(greaterOrEqual(x!, low!), greaterOrEqual(high!, x!))), null, null],
  samples: [{ shapes: [[2, 4]], apply: (x) => clip(x!, -0.5, 0.5) }],
};

const GreaterOrEqual: Operator = {
  name: "GreaterOrEqual",
  dtypes: numbers,
  types: ([a, b]) => [{ dtype: "bool", shape: broadcastShapes(a!.shape, b!.shape, "GreaterOrEqual") }],
};

/** Numbers of TensorProto.DataType. */
export const onnxTypes: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
};
const dtypeNames = new Map(Object.entries(onnxTypes).map(([dtype, number]) => [number, dtype as DType]));

const Cast: Operator = {
  name: "Cast",
  types: ([x], { to }) => [{ dtype: dtypeNames.get((to as { int: number }).int)!, shape: x!.shape }],
  // Rounding to integers has the slope 0 nearly everywhere, which is never what is wanted: `detach` what shall count as a constant.
  gradient: (dy, [x]) => [isFloat(x!.dtype) && isFloat(dy.dtype) ? cast(dy, x!.dtype) : null],
  samples: [{ shapes: [[2, 3]], dtype: "float32", apply: (x) => cast(cast(x!, "float64"), "float32") }],
};

export const elementwise = {
  Add,
  Sub,
  Mul,
  Div,
  Pow,
  Max,
  Neg,
  Exp,
  Log,
  Sqrt,
  Reciprocal,
  Sin,
  Cos,
  Sigmoid,
  Tanh,
  Softplus,
  Erf,
  Relu,
  LeakyRelu,
  ThresholdedRelu,
  Gelu,
  Clip,
  GreaterOrEqual,
  Cast,
};

/** Of two operands, a number takes the dtype of the value. */
function pair(operator: Operator, a: Operand, b: Operand): [Value, Value] {
  const [one, other] = [a, b].map((x) => (typeof x === "number" ? undefined : checkedValue(x, `${operator.name}: an operand`)));
  const dtype = (one ?? other)?.dtype ?? "float32";
  return [one ?? scalar(a as number, dtype), other ?? scalar(b as number, dtype)];
}

const two =
  (operator: Operator) =>
  (a: Operand, b: Operand): Value =>
    apply(operator, pair(operator, a, b))[0]!;
const one =
  (operator: Operator) =>
  (x: Value): Value =>
    apply(operator, [x])[0]!;

/** a + b. */
export const add = two(Add);
/** a - b. */
export const sub = two(Sub);
/** a · b, element by element. */
export const mul = two(Mul);
/** a / b. */
export const div = two(Div);
/** a to the power b. */
export const pow = two(Pow);
/** The larger of a and b; of equal ones the gradient goes to a. */
export const max = two(Max);
/** -x. */
export const neg = one(Neg);
/** e to the power x. */
export const exp = one(Exp);
/** The natural logarithm. */
export const log = one(Log);
/** The square root. */
export const sqrt = one(Sqrt);
/** 1 / x. */
export const reciprocal = one(Reciprocal);
/** The sine of x in radians. */
export const sin = one(Sin);
/** The cosine of x in radians. */
export const cos = one(Cos);
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = one(Sigmoid);
/** The hyperbolic tangent. */
export const tanh = one(Tanh);
/** ln(1 + eˣ), without overflow. */
export const softplus = one(Softplus);
/** The error function. */
export const erf = one(Erf);
/** max(x, 0). */
export const relu = one(Relu);
/** x where it is positive, else slope · x. */
export function leakyRelu(x: Value, slope = 0.01): Value {
  return apply(LeakyRelu, [x], { alpha: { float: slope } })[0]!;
}

/** x where it is above a threshold, else 0. */
export function thresholdedRelu(x: Value, threshold: number): Value {
  if (typeof threshold !== "number" || !Number.isFinite(threshold)) {
    throw new ShapeError(`thresholdedRelu: the threshold must be a finite number, got ${described(threshold)}`);
  }
  return apply(ThresholdedRelu, [x], { alpha: { float: threshold } })[0]!;
}

/** x·Φ(x), exact (by the error function). */
export const gelu = one(Gelu);

/** x held between two numbers; the gradient is 0 outside. */
export function clip(x: Value, low: number, high: number): Value {
  const { dtype } = checkedValue(x, "clip: x");
  const bounds = [scalar(low, dtype), scalar(high, dtype)];
  if (low > high) throw new ShapeError(`clip: low must not be greater than high, got ${low} and ${high}`);
  return apply(Clip, [x, ...bounds])[0]!;
}

/** x as another dtype. */
export function cast(x: Value, dtype: DType): Value {
  if (checkedValue(x, "cast: x").dtype === checkedDType(dtype, "cast")) return x;
  return apply(Cast, [x], { to: { int: onnxTypes[dtype] } })[0]!;
}

/** 1 where a ≥ b, else 0, in the dtype of both. It has no gradient: `detach` what is compared. */
export function greaterOrEqual(a: Operand, b: Operand): Value {
  const [left, right] = pair(GreaterOrEqual, a, b);
  return cast(apply(GreaterOrEqual, [left, right])[0]!, left.dtype);
}

/** Any normal number above 0 times this is at least 1. */
const huge = 3.4e38;

/**
 * 1 where y > 0, else `low`; computed after `before`, so that it does not lie in memory from the forward pass on. Half precision cannot hold
 * `huge`.
 */
function step(y: Value, low: number, before: Value): Value {
  if (y.dtype === "float16") return sub(1, mul(greaterOrEqual(after(scalar(0, y.dtype), before), y), 1 - low));
  return clip(mul(y, after(scalar(huge, y.dtype), before)), low, 1);
}

/**
 * x, which the runtime computes after some other values: it adds 0 times an element of each. A runtime orders nodes by what they read, and
 * may otherwise compute early what is large and used late.
 *
 * @param x - small: it is copied
 */
export function after(x: Value, ...before: readonly Value[]): Value {
  return before.reduce<Value>((later, value) => {
    const first = slice(reshape(value, [sizeOf(value.shape)]), 0, 0, 1); // [1]
    const nothing = mul(cast(first, x.dtype), 0);
    return add(later, x.shape.length === 0 ? reshape(nothing, []) : nothing);
  }, x);
}

/** b - 1, the exponent of the gradient of a to the power b. Where b is 0 the gradient is 0, also for a = 0, so the exponent there is 0. */
function lowered(b: Value): Value {
  if (b.source.kind !== "constant" || !isFloat(b.dtype)) return sub(b, 1);
  const exponents = toFloat32(b.source.tensor);
  if (!exponents.includes(0)) return sub(b, 1);
  const data = fromFloat32(
    b.dtype,
    exponents.map((exponent) => (exponent === 0 ? 0 : exponent - 1)),
  );
  return constant({ dtype: b.dtype, shape: b.shape, data } as Tensor);
}

function normalDistribution(x: Value): Value {
  return add(mul(erf(mul(x, Math.SQRT1_2)), 0.5), 0.5);
}

function normalDensity(x: Value): Value {
  return mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
}
