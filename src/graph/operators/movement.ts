/** Operators that move elements without computing: their gradients move them back. Also the sum that undoes a broadcast. */
import { wholeNumbers } from "../../check/numbers.ts";
import { checkedNames } from "../../check/options.ts";
import { ShapeError } from "../../errors.ts";
import { checkedShape, type Shape, sameShape, sizeOf, tensor } from "../../tensor/tensor.ts";
import { broadcastShapes } from "../_shapes.ts";
import { axesOf, axisOf, checkedValues, flagOf, shapeOf } from "../arguments.ts";
import { apply, constant, describe, integers, integersOf, type Operator, scalar, type Value } from "../value.ts";
import { numbers } from "./_dtypes.ts";

const Reshape: Operator = {
  name: "Reshape",
  types: ([x, shape]) => {
    const target = integersOf(shape!);
    if (sizeOf(target) !== sizeOf(x!.shape))
      throw new ShapeError(`reshape: [${x!.shape}] has a different number of elements than [${target}]`);
    return [{ dtype: x!.dtype, shape: target }];
  },
  gradient: (dy, [x]) => [reshape(dy, x!.shape), null],
  samples: [{ shapes: [[2, 6]], apply: (x) => reshape(x!, [3, 4]) }],
};

const Transpose: Operator = {
  name: "Transpose",
  types: ([x], { perm }) => {
    const order = (perm as { ints: number[] }).ints;
    if (!isPermutation(order, x!.shape.length)) throw new ShapeError(`transpose: order [${order}] does not fit [${x!.shape}]`);
    return [{ dtype: x!.dtype, shape: order.map((axis) => x!.shape[axis]!) }];
  },
  gradient: (dy, _, { attributes }) => [transpose(dy, inverse((attributes.perm as { ints: number[] }).ints))],
  samples: [{ shapes: [[2, 3, 4]], apply: (x) => transpose(x!, [2, 0, 1]) }],
};

const Expand: Operator = {
  name: "Expand",
  types: ([x, shape]) => {
    const target = integersOf(shape!);
    checkStretches(x!.shape, target, "expand");
    return [{ dtype: x!.dtype, shape: target }];
  },
  gradient: (dy, [x]) => [sumTo(dy, x!.shape), null],
  samples: [{ shapes: [[3, 1]], apply: (x) => expand(x!, [2, 3, 4]) }],
};

const ReduceSum: Operator = {
  name: "ReduceSum",
  dtypes: numbers,
  operands: 1,
  types: ([x, axes], { keepdims }) => [
    { dtype: x!.dtype, shape: reducedShape(x!.shape, integersOf(axes!), (keepdims as { int: number }).int === 1) },
  ],
  gradient: (dy, [x, axes]) => [expand(reshape(dy, reducedShape(x!.shape, integersOf(axes!), true)), x!.shape), null],
  samples: [
    { shapes: [[2, 3, 4]], apply: (x) => reduceSum(x!, [0, 2]) },
    { shapes: [[2, 3]], apply: (x) => reduceSum(x!, [1], { keepDims: true }) },
  ],
};

const Concat: Operator = {
  name: "Concat",
  types: (inputs, { axis }) => {
    const at = (axis as { int: number }).int;
    const first = inputs[0]!;
    for (const { dtype, shape } of inputs) {
      const fits = shape.length === first.shape.length && shape.every((length, i) => i === at || length === first.shape[i]);
      if (dtype !== first.dtype) throw new ShapeError(`concat: dtypes differ: ${describe(first)} and ${dtype} [${shape}]`);
      if (!fits) throw new ShapeError(`concat: [${first.shape}] and [${shape}] differ beside axis ${at}`);
    }
    const total = inputs.reduce((sum, { shape }) => sum + shape[at]!, 0);
    return [{ dtype: first.dtype, shape: first.shape.map((length, i) => (i === at ? total : length)) }];
  },
  gradient: (dy, inputs, { attributes }) => {
    const at = (attributes.axis as { int: number }).int;
    let end = 0;
    return inputs.map(({ shape }) => {
      end += shape[at]!;
      return slice(dy, at, end - shape[at]!, end);
    });
  },
  samples: [
    {
      shapes: [
        [2, 3],
        [2, 1],
      ],
      apply: (a, b) => concat([a!, b!], 1),
    },
  ],
};

const Slice: Operator = {
  name: "Slice",
  types: ([x, starts, ends, axes, steps]) => {
    const shape = [...x!.shape];
    const [from, to, at, by] = [starts, ends, axes, steps].map((value) => integersOf(value!)) as [number[], number[], number[], number[]];
    at.forEach((axis, i) => {
      if (from[i]! < 0 || to[i]! > shape[axis]! || from[i]! >= to[i]! || by[i]! < 1)
        throw new ShapeError(`slice: ${from[i]}..${to[i]} in steps of ${by[i]} of axis ${axis} in [${shape}]`);
      shape[axis] = Math.ceil((to[i]! - from[i]!) / by[i]!);
    });
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: (dy, [x, starts, ends, axes, steps]) => {
    if (integersOf(steps!).some((step) => step !== 1)) throw new ShapeError("slice: a gradient needs steps of 1");
    const before = x!.shape.map(() => 0);
    const after = x!.shape.map(() => 0);
    integersOf(axes!).forEach((axis, i) => {
      before[axis] = integersOf(starts!)[i]!;
      after[axis] = x!.shape[axis]! - integersOf(ends!)[i]!;
    });
    return [pad(dy, before, after), null, null, null, null];
  },
  samples: [{ shapes: [[3, 5]], apply: (x) => slice(x!, 1, 1, 4) }],
};

const Pad: Operator = {
  name: "Pad",
  types: ([x, pads]) => {
    const widths = integersOf(pads!);
    return [{ dtype: x!.dtype, shape: x!.shape.map((length, i) => length + widths[i]! + widths[i + x!.shape.length]!) }];
  },
  gradient: (dy, [x, pads]) => {
    const widths = integersOf(pads!);
    const [before, behind] = [widths.slice(0, x!.shape.length), widths.slice(x!.shape.length)];
    if (widths.every((width) => width >= 0)) return [crop(dy, before, x!.shape), null, null];
    const opposite = (numbers: number[]) => numbers.map((width) => 0 - width);
    return [reframe(dy, opposite(before), opposite(behind)), null, null];
  },
  samples: [
    { shapes: [[2, 3]], apply: (x) => pad(x!, [1, 0], [0, 2]) },
    { shapes: [[3, 4]], apply: (x) => reframe(x!, [1, -2], [-1, 3]) },
  ],
};

const Gather: Operator = {
  name: "Gather",
  types: ([x, indices], { axis }) => {
    const at = (axis as { int: number }).int;
    checkIndices(indices!, x!.shape[at]!, "gather");
    return [{ dtype: x!.dtype, shape: [...x!.shape.slice(0, at), ...indices!.shape, ...x!.shape.slice(at + 1)] }];
  },
  // Rows that are read twice must be added twice. ScatterElements is used since ScatterND with duplicate indices is racy in ONNX Runtime.
  gradient: (dy, [x, indices], { attributes }) => {
    if ((attributes.axis as { int: number }).int !== 0) throw new ShapeError("gather: a gradient needs axis 0");
    const rest = x!.shape.slice(1);
    const count = sizeOf(indices!.shape);
    const rows = expand(reshape(indices!, [count, ...rest.map(() => 1)]), [count, ...rest]);
    return [scatterAdd(expand(zeroOf(x!), x!.shape), rows, reshape(dy, [count, ...rest])), null];
  },
  samples: [{ shapes: [[4, 3]], apply: (x) => gather(x!, constant(tensor("int64", [2, 2], BigInt64Array.of(1n, 3n, 1n, 0n)))) }],
};

const ScatterElements: Operator = {
  name: "ScatterElements",
  dtypes: numbers,
  operands: 1,
  types: ([x, rows, updates]) => {
    const fits = sameShape(rows!.shape, updates!.shape) && rows!.shape.length === x!.shape.length && updates!.dtype === x!.dtype;
    if (!fits || x!.shape.some((length, axis) => axis > 0 && rows!.shape[axis]! > length))
      throw new ShapeError(`scatterAdd: cannot add ${describe(updates!)} to ${describe(x!)} at rows [${rows!.shape}]`);
    checkIndices(rows!, x!.shape[0]!, "scatterAdd");
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  gradient: (dy, [, rows, updates]) => {
    if (updates!.shape.length !== 1) throw new ShapeError("scatterAdd: a gradient needs vectors");
    return [dy, null, gather(dy, rows!)];
  },
  samples: [
    { shapes: [[4], [3]], apply: (x, updates) => scatterAdd(x!, constant(tensor("int64", [3], BigInt64Array.of(2n, 0n, 2n))), updates!) },
  ],
};

/** Blocks of the picture [B, C, s h, s w] as channels [B, s s C, h, w], the block's row first, then its column, then C. */
const SpaceToDepth: Operator = {
  name: "SpaceToDepth",
  types: ([x], { blocksize }) => {
    const size = (blocksize as { int: number }).int;
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    if (x!.shape.length !== 4 || height % size !== 0 || width % size !== 0)
      throw new ShapeError(`spaceToDepth: [${x!.shape}] does not consist of blocks of ${size} x ${size}`);
    return [{ dtype: x!.dtype, shape: [batch, size * size * channels, height / size, width / size] }];
  },
  gradient: (dy, _, { attributes }) => [apply(DepthToSpace, [dy], attributes)[0]!],
  samples: [{ shapes: [[2, 3, 4, 6]], apply: (x) => spaceToDepth(x!, 2) }],
};

/** The inverse of SpaceToDepth. */
const DepthToSpace: Operator = {
  name: "DepthToSpace",
  types: ([x], { blocksize }) => {
    const size = (blocksize as { int: number }).int;
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    if (x!.shape.length !== 4 || channels % (size * size) !== 0)
      throw new ShapeError(`depthToSpace: the channels of [${x!.shape}] do not make blocks of ${size} x ${size}`);
    return [{ dtype: x!.dtype, shape: [batch, channels / size ** 2, height * size, width * size] }];
  },
  gradient: (dy, _, { attributes }) => [apply(SpaceToDepth, [dy], attributes)[0]!],
  samples: [{ shapes: [[2, 8, 2, 3]], apply: (x) => apply(DepthToSpace, [x!], { blocksize: { int: 2 } })[0]! }],
};

/** The same array, in derivatives a constant. */
const Identity: Operator = {
  name: "Identity",
  types: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  stopsGradient: true,
};

export const movement = {
  Identity,
  Reshape,
  Transpose,
  Expand,
  ReduceSum,
  Concat,
  Slice,
  Pad,
  Gather,
  ScatterElements,
  SpaceToDepth,
  DepthToSpace,
};

const isPermutation = (order: readonly number[], axes: number): boolean =>
  order.length === axes && order.every((axis, i) => axis >= 0 && axis < axes && order.indexOf(axis) === i);

/** @throws ShapeError when an array cannot be repeated until it has a shape */
function checkStretches(from: Shape, to: Shape, where: string): void {
  if (sameShape(broadcastShapes(from, to, where), to)) return;
  throw new ShapeError(`${where}: [${from}] cannot be repeated until it is [${to}]`);
}

/** @throws ShapeError when indices are not integers, or known to lie outside an axis; negative ones count from its end */
function checkIndices(indices: Value, length: number, where: string): void {
  if (indices.dtype !== "int64" && indices.dtype !== "int32")
    throw new ShapeError(`${where}: indices must be int64 or int32, got ${describe(indices)}`);
  const known = indices.source.kind === "constant" ? Array.from(indices.source.tensor.data as Int32Array, Number) : [];
  const outside = known.find((index) => index < -length || index >= length);
  if (outside !== undefined) throw new ShapeError(`${where}: index ${outside} lies outside an axis of length ${length}`);
}

function inverse(order: readonly number[]): number[] {
  const back = new Array<number>(order.length);
  order.forEach((axis, i) => {
    back[axis] = i;
  });
  return back;
}

function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  return shape.flatMap((length, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [length]));
}

/** Zero as a scalar of the dtype of `x`. */
function zeroOf(x: Value): Value {
  return scalar(0, x.dtype);
}

/** x as a constant for `gradients`: no gradient flows to its inputs. */
export function detach(x: Value): Value {
  return apply(Identity, [x])[0]!;
}

/** Whether a value has a shape already. */
function isOf(x: Value, shape: Shape, where: string): boolean {
  return sameShape(shapeOf(x, `${where}: x`), checkedShape(shape, where));
}

/** The same elements in another shape of as many elements. */
export function reshape(x: Value, shape: Shape): Value {
  return isOf(x, shape, "reshape") ? x : apply(Reshape, [x, integers(shape)])[0]!;
}

/** Axes in another order: axis i of the result is axis order[i] of x. Chains of transpositions are written as one. */
export function transpose(x: Value, order: readonly number[]): Value {
  const isInOrder =
    wholeNumbers(order, "transpose: the order").length === shapeOf(x, "transpose: x").length && order.every((axis, i) => axis === i);
  return isInOrder ? x : apply(Transpose, [x], { perm: { ints: order } })[0]!;
}

/** The last two axes exchanged. */
export function swapLast(x: Value): Value {
  const order = shapeOf(x, "swapLast: x").map((_, i) => i);
  const rank = order.length;
  if (rank < 2) throw new ShapeError(`swapLast: x must have two axes at least, got ${describe(x)}`);
  [order[rank - 1], order[rank - 2]] = [rank - 2, rank - 1];
  return transpose(x, order);
}

/** x repeated along axes of length 1 (and new leading ones) until it has the shape. */
export function expand(x: Value, shape: Shape): Value {
  return isOf(x, shape, "expand") ? x : apply(Expand, [x, integers(shape)])[0]!;
}

/** Sum over some axes; all of them when none is named. */
export function reduceSum(x: Value, axes?: readonly number[], options: { keepDims?: boolean } = {}): Value {
  const over = axesOf(axes, x, "reduceSum");
  const { keepDims = false } = checkedNames(options, ["keepDims"], "reduceSum");
  const keepdims = flagOf(keepDims, "reduceSum: keepDims");
  return over.length === 0 ? x : apply(ReduceSum, [x, integers(over)], { keepdims })[0]!;
}

/** Undoes a broadcast: sums x over the axes along which `shape` was stretched. */
export function sumTo(x: Value, shape: Shape): Value {
  checkStretches(checkedShape(shape, "sumTo"), shapeOf(x, "sumTo: x"), "sumTo");
  const added = x.shape.length - shape.length;
  const over = x.shape.flatMap((length, i) => (i < added || (shape[i - added] === 1 && length !== 1) ? [i] : []));
  return reshape(over.length === 0 ? x : reduceSum(x, over), shape);
}

/** Arrays joined along an axis. */
export function concat(parts: readonly Value[], axis: number): Value {
  const [first, ...others] = checkedValues(parts, "concat: parts");
  if (!first) throw new ShapeError("concat: no parts given");
  const at = axisOf(axis, first, "concat");
  return others.length === 0 ? first : apply(Concat, parts, { axis: { int: at } })[0]!;
}

/** The elements start..end (exclusive) along one axis, each `step`-th. */
export function slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
  const at = axisOf(axis, x, "slice");
  if (start === 0 && end === x.shape[at] && step === 1) return x;
  const bounds = [start, end, at, step].map((number) => integers([number], "slice: start, end and step"));
  return apply(Slice, [x, ...bounds])[0]!;
}

/** Zeros around x: `before` and `after` count them for each axis. */
export function pad(x: Value, before: readonly number[], after: readonly number[]): Value {
  const axes = shapeOf(x, "pad: x").length;
  for (const widths of [before, after]) {
    if (wholeNumbers(widths, "pad: widths", 0).length !== axes)
      throw new ShapeError(`pad: expected a width for each axis of [${x.shape}], got [${widths}]`);
  }
  const widths = [...before, ...after];
  return widths.every((width) => width === 0) ? x : apply(Pad, [x, integers(widths), zeroOf(x)])[0]!;
}

/** x with another frame: `before` and `behind` count zeros added on each axis, or, where they are negative, elements left out. */
export function reframe(x: Value, before: readonly number[], behind: readonly number[], zero = zeroOf(x)): Value {
  const widths = [...before, ...behind];
  return widths.every((width) => width === 0) ? x : apply(Pad, [x, integers(widths), zero])[0]!;
}

/** The block of a shape that begins at `starts`: undoes a pad. */
export function crop(x: Value, starts: readonly number[], shape: Shape): Value {
  const axes = shapeOf(x, "crop: x").length;
  if (wholeNumbers(starts, "crop: starts", 0).length !== axes || checkedShape(shape, "crop").length !== axes)
    throw new ShapeError(`crop: expected a start and a length for each axis of [${x.shape}], got [${starts}] and [${shape}]`);
  return shape.reduce<Value>((block, length, axis) => slice(block, axis, starts[axis]!, starts[axis]! + length), x);
}

/** The entries of x at `indices` along an axis (0 by default); a scalar index drops the axis. */
export function gather(x: Value, indices: Value, axis = 0): Value {
  return apply(Gather, [x, indices], { axis: { int: axisOf(axis, x, "gather") } })[0]!;
}

/** The size² phases of a picture [B, C, H, W] as channels: [B, size² C, H / size, W / size], row of the phase first, then column, then C. */
export function spaceToDepth(x: Value, size: number): Value {
  return apply(SpaceToDepth, [x], { blocksize: { int: size } })[0]!;
}

/** x with `updates` added at `rows` along axis 0; rows that occur twice are added twice. */
export function scatterAdd(x: Value, rows: Value, updates: Value): Value {
  return apply(ScatterElements, [x, rows, updates], { axis: { int: 0 }, reduction: { text: "add" } })[0]!;
}
