/** Operators that move elements without computing: their gradients move them back. Also the sum that undoes a broadcast. */
import { ShapeError } from "../../errors.ts";
import { type Shape, sameShape, sizeOf, tensor } from "../../tensor/tensor.ts";
import { axisOf, broadcastShapes } from "../_shapes.ts";
import { apply, constant, integers, integersOf, type Operator, scalar, type Value } from "../value.ts";

const Reshape: Operator = {
  name: "Reshape",
  types: ([x, shape]) => {
    const target = integersOf(shape!);
    if (sizeOf(target) !== sizeOf(x!.shape)) throw new ShapeError(`reshape: [${x!.shape}] has not as many elements as [${target}]`);
    return [{ dtype: x!.dtype, shape: target }];
  },
  gradient: (dy, [x]) => [reshape(dy, x!.shape), null],
  samples: [{ shapes: [[2, 6]], apply: (x) => reshape(x!, [3, 4]) }],
};

const Transpose: Operator = {
  name: "Transpose",
  types: ([x], { perm }) => {
    const order = (perm as { ints: number[] }).ints;
    if (order.length !== x!.shape.length || new Set(order).size !== order.length)
      throw new ShapeError(`transpose: order [${order}] does not fit [${x!.shape}]`);
    return [{ dtype: x!.dtype, shape: order.map((axis) => x!.shape[axis]!) }];
  },
  gradient: (dy, _, { attributes }) => [transpose(dy, inverse((attributes.perm as { ints: number[] }).ints))],
  samples: [{ shapes: [[2, 3, 4]], apply: (x) => transpose(x!, [2, 0, 1]) }],
};

const Expand: Operator = {
  name: "Expand",
  types: ([x, shape]) => [{ dtype: x!.dtype, shape: broadcastShapes(x!.shape, integersOf(shape!), "expand") }],
  gradient: (dy, [x]) => [sumTo(dy, x!.shape), null],
  samples: [{ shapes: [[3, 1]], apply: (x) => expand(x!, [2, 3, 4]) }],
};

const ReduceSum: Operator = {
  name: "ReduceSum",
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
    for (const { shape } of inputs) {
      const fits = shape.length === first.shape.length && shape.every((length, i) => i === at || length === first.shape[i]);
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
      if (from[i]! < 0 || to[i]! > shape[axis]! || from[i]! >= to[i]!)
        throw new ShapeError(`slice: ${from[i]}..${to[i]} of axis ${axis} in [${shape}]`);
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
  gradient: (dy, [x, pads]) => [crop(dy, integersOf(pads!).slice(0, x!.shape.length), x!.shape), null, null],
  samples: [{ shapes: [[2, 3]], apply: (x) => pad(x!, [1, 0], [0, 2]) }],
};

const Gather: Operator = {
  name: "Gather",
  types: ([x, indices], { axis }) => {
    const at = (axis as { int: number }).int;
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
  types: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
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

/** x as a constant to `gradients`: nothing behind it is differentiated. */
export function detach(x: Value): Value {
  return apply(Identity, [x])[0]!;
}

/** The same elements in another shape of as many elements. */
export function reshape(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : apply(Reshape, [x, integers(shape)])[0]!;
}

/** Axes in another order: axis i of the result is axis order[i] of x. Chains of transpositions are written as one. */
export function transpose(x: Value, order: readonly number[]): Value {
  return order.every((axis, i) => axis === i) ? x : apply(Transpose, [x], { perm: { ints: order } })[0]!;
}

/** The last two axes exchanged. */
export function swapLast(x: Value): Value {
  const rank = x.shape.length;
  const order = x.shape.map((_, i) => i);
  [order[rank - 1], order[rank - 2]] = [rank - 2, rank - 1];
  return transpose(x, order);
}

/** x repeated along axes of length 1 (and new leading ones) until it has the shape. */
export function expand(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : apply(Expand, [x, integers(shape)])[0]!;
}

/** Sum over some axes; all of them when none is named. */
export function reduceSum(x: Value, axes?: readonly number[], options: { keepDims?: boolean } = {}): Value {
  const over = (axes ?? x.shape.map((_, i) => i)).map((axis) => axisOf(axis, x.shape.length, "reduceSum"));
  if (over.length === 0) return x;
  return apply(ReduceSum, [x, integers(over)], { keepdims: { int: options.keepDims ? 1 : 0 } })[0]!;
}

/** Undoes a broadcast: sums x over the axes along which `shape` was stretched. */
export function sumTo(x: Value, shape: Shape): Value {
  const added = x.shape.length - shape.length;
  const over = x.shape.flatMap((length, i) => (i < added || (shape[i - added] === 1 && length !== 1) ? [i] : []));
  return reshape(over.length === 0 ? x : reduceSum(x, over), shape);
}

/** Arrays joined along an axis. */
export function concat(parts: readonly Value[], axis: number): Value {
  if (parts.length === 1) return parts[0]!;
  return apply(Concat, parts, { axis: { int: axisOf(axis, parts[0]!.shape.length, "concat") } })[0]!;
}

/** The elements start..end (exclusive) along one axis, each `step`-th. */
export function slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
  const at = axisOf(axis, x.shape.length, "slice");
  if (start === 0 && end === x.shape[at] && step === 1) return x;
  return apply(Slice, [x, integers([start]), integers([end]), integers([at]), integers([step])])[0]!;
}

/** Zeros around x: `before` and `after` count them for each axis. */
export function pad(x: Value, before: readonly number[], after: readonly number[]): Value {
  if ([...before, ...after].every((width) => width === 0)) return x;
  return apply(Pad, [x, integers([...before, ...after]), zeroOf(x)])[0]!;
}

/** The block of a shape that begins at `starts`: undoes a pad. */
export function crop(x: Value, starts: readonly number[], shape: Shape): Value {
  return shape.reduce<Value>((block, length, axis) => slice(block, axis, starts[axis]!, starts[axis]! + length), x);
}

/** The entries of x at `indices` along an axis (0 by default); a scalar index drops the axis. */
export function gather(x: Value, indices: Value, axis = 0): Value {
  return apply(Gather, [x, indices], { axis: { int: axisOf(axis, x.shape.length, "gather") } })[0]!;
}

/** The size² phases of a picture [B, C, H, W] as channels: [B, size² C, H / size, W / size], row of the phase first, then column, then C. */
export function spaceToDepth(x: Value, size: number): Value {
  return apply(SpaceToDepth, [x], { blocksize: { int: size } })[0]!;
}

/** x with `updates` added at `rows` along axis 0; rows that occur twice are added twice. */
export function scatterAdd(x: Value, rows: Value, updates: Value): Value {
  return apply(ScatterElements, [x, rows, updates], { axis: { int: 0 }, reduction: { text: "add" } })[0]!;
}
