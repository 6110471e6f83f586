/** The largest element or the mean under a window that moves over [B, C, H, W]. */
import { checkedNames } from "../../check/options.ts";
import { ShapeError } from "../../errors.ts";
import { sizeOf, tensor } from "../../tensor/tensor.ts";
import { flagOf } from "../arguments.ts";
import { type Attributes, apply, constant, describe, type Operator, scalar, type Value } from "../value.ts";
import { floats, singles } from "./_dtypes.ts";
import { attributesOf, type Pair, pairOf, positionsOf, sidesOf, type Window, windowOf } from "./_window.ts";
import { convTranspose } from "./convolution.ts";
import { cast, div } from "./elementwise.ts";
import { expand, reshape, scatterAdd } from "./movement.ts";

/** How a window moves over a picture. */
export interface PoolingOptions {
  /** By default the window's own size, so that windows tile the picture. */
  readonly stride?: Pair;
  /** Border on either side of each axis, at most half of the window, by default none. */
  readonly padding?: Pair;
}

export interface AveragePoolingOptions extends PoolingOptions {
  /** Whether the zeros of the border count in the mean, by default true, as in torch. */
  readonly countIncludePad?: boolean;
}

const names = ["stride", "padding"] as const;

const pooled = (what: string, x: Value, attributes: Attributes) => {
  if (x.shape.length !== 4) throw new ShapeError(`${what}: expected [B, C, H, W], got ${describe(x)}`);
  return [...x.shape.slice(0, 2), ...positionsOf(x.shape, windowOf(attributes), what)];
};

/** The second output is where each largest element was found, counted through the whole of x: that is where the gradient goes. */
const MaxPool: Operator = {
  name: "MaxPool",
  dtypes: floats,
  types: ([x], attributes) => {
    const shape = pooled("maxPool", x!, attributes);
    return [
      { dtype: x!.dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  gradient: (dy, [x], { outputs: [, places] }) => {
    const count = sizeOf(dy.shape);
    const nothing = expand(scalar(0, x!.dtype), [sizeOf(x!.shape)]);
    return [reshape(scatterAdd(nothing, reshape(places!, [count]), reshape(dy, [count])), x!.shape)];
  },
  samples: [
    { shapes: [[2, 2, 4, 6]], apply: (x) => maxPool(x!, 2) },
    { shapes: [[1, 2, 5, 4]], apply: (x) => maxPool(x!, 3, { stride: [2, 1], padding: 1 }) },
  ],
};

/** The gradient of a mean is spread evenly over its window: a transposed convolution with ones, each channel by itself. */
const AveragePool: Operator = {
  name: "AveragePool",
  dtypes: singles,
  types: ([x], attributes) => [{ dtype: x!.dtype, shape: pooled("averagePool", x!, attributes) }],
  gradient: (dy, [x], { attributes }) => {
    const window = windowOf(attributes);
    const { kernel, stride, padding } = window;
    const countIncludePad = (attributes.count_include_pad as { int: number }).int === 1;
    const [batch, channels, ...sides] = x!.shape as [number, number, number, number];
    const share = div(dy, countIncludePad ? kernel[0] * kernel[1] : cast(countsOf(sides, sidesOf(dy.shape), window), dy.dtype));
    const ones = expand(scalar(1, dy.dtype), [1, 1, ...kernel]);
    const outputPadding = sides.map(
      (side, i) => side + 2 * padding[i]! - (sidesOf(dy.shape)[i]! - 1) * stride[i]! - kernel[i]!,
    ) as unknown as readonly [number, number];
    const planes = reshape(share, [batch * channels, 1, ...sidesOf(dy.shape)]);
    return [reshape(convTranspose(planes, ones, { stride, padding, outputPadding }), x!.shape)];
  },
  samples: [
    { shapes: [[2, 2, 4, 6]], dtype: "float32", apply: (x) => averagePool(x!, 2) },
    { shapes: [[1, 2, 6, 5]], dtype: "float32", apply: (x) => averagePool(x!, [3, 2], { stride: 2, padding: [1, 0] }) },
    { shapes: [[1, 2, 6, 5]], dtype: "float32", apply: (x) => averagePool(x!, 3, { stride: 2, padding: 1, countIncludePad: false }) },
  ],
};

export const pooling = { MaxPool, AveragePool };

/** How many elements of the picture itself lie under each position of the window, [h, w]. */
function countsOf(sides: readonly number[], positions: readonly number[], { kernel, stride, padding }: Window): Value {
  const [rows, columns] = positions.map((count, axis) =>
    Array.from({ length: count }, (_, i) => {
      const start = i * stride[axis]! - padding[axis]!;
      return Math.min(start + kernel[axis]!, sides[axis]!) - Math.max(start, 0);
    }),
  ) as [number[], number[]];
  const counts = rows.flatMap((row) => columns.map((column) => row * column));
  return constant(tensor("float32", positions, Float32Array.from(counts)));
}

function windowAttributes(what: string, kernel: Pair, { stride = kernel, padding = 0 }: PoolingOptions): Attributes {
  const window: Window = {
    kernel: pairOf(kernel, 1, `${what}: the window`),
    stride: pairOf(stride, 1, `${what}: the stride`),
    padding: pairOf(padding, 0, `${what}: the padding`),
    dilation: [1, 1],
  };
  if (window.padding.some((border, i) => 2 * border > window.kernel[i]!))
    throw new ShapeError(
      `${what}: the padding ${window.padding.join(" x ")} must be at most half of the window ${window.kernel.join(" x ")}`,
    );
  return attributesOf(window);
}

/** The largest element of x [B, C, H, W] under each position of a window; of equal ones the first gets the gradient. */
export function maxPool(x: Value, window: Pair, options: PoolingOptions = {}): Value {
  return apply(MaxPool, [x], windowAttributes("maxPool", window, checkedNames(options, names, "maxPool")))[0]!;
}

/** The mean of x [B, C, H, W] under each position of a window. */
export function averagePool(x: Value, window: Pair, options: AveragePoolingOptions = {}): Value {
  const { countIncludePad = true } = checkedNames(options, [...names, "countIncludePad"], "averagePool");
  const count = flagOf(countIncludePad, "averagePool: countIncludePad");
  return apply(AveragePool, [x], { ...windowAttributes("averagePool", window, options), count_include_pad: count })[0]!;
}
