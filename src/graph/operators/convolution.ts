/** Two-dimensional convolutions over [B, C, H, W]. */
import { ShapeError } from "../../errors.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { type Attributes, apply, describe, type Operator, type Value } from "../value.ts";
import { crop, pad, reduceSum, transpose } from "./movement.ts";

/** Steps and zero borders, the same for both axes. */
export interface ConvolutionOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly bias?: Value;
}

const geometry = ({ strides, pads }: Attributes) => ({
  stride: (strides as { ints: number[] }).ints[0]!,
  padding: (pads as { ints: number[] }).ints[0]!,
});

/** y[b, o] = Σ_i x[b, i] ⋆ w[o, i] + bias[o]. */
const Conv: Operator = {
  name: "Conv",
  types: ([x, w], attributes) => {
    const { stride, padding } = geometry(attributes);
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    const [out, inner, kh, kw] = w!.shape as [number, number, number, number];
    const dilation = (attributes.dilations as { ints: number[] } | undefined)?.ints[0] ?? 1;
    if (x!.shape.length !== 4 || w!.shape.length !== 4 || channels !== inner)
      throw new ShapeError(`conv: cannot convolve ${describe(x!)} with ${describe(w!)}`);
    const length = (size: number, kernel: number) => Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
    return [{ dtype: x!.dtype, shape: [batch, out, length(height, kh), length(width, kw)] }];
  },
  flops: ({ inputs: [, w], outputs: [y] }) => 2 * sizeOf(y!.shape) * sizeOf(w!.shape.slice(1)),
  gradient: (dy, [x, w, bias], { attributes }) => {
    if (attributes.dilations) throw new ShapeError("conv: no gradient of a dilated convolution");
    const { stride, padding } = geometry(attributes);
    // What a strided forward pass never reached at the far border must still be there, as zeros, in dx.
    const missing = [2, 3].map((axis) => x!.shape[axis]! - ((dy.shape[axis]! - 1) * stride + w!.shape[axis]! - 2 * padding));
    const dx = applyTranspose(dy, w!, { stride, padding }, missing);
    // dw[o, i] = Σ_b x[b, i] ⋆ dy[b, o]: batch and channels change places, and the stride becomes a dilation.
    const exchanged = [1, 0, 2, 3];
    const dilations = { ints: [stride, stride] };
    const wide = apply(Conv, [transpose(x!, exchanged), transpose(dy, exchanged)], { ...steps(1, padding), dilations })[0]!;
    const dw = transpose(crop(wide, [0, 0, 0, 0], [w!.shape[1]!, w!.shape[0]!, w!.shape[2]!, w!.shape[3]!]), exchanged);
    return bias ? [dx, dw, reduceSum(dy, [0, 2, 3])] : [dx, dw];
  },
  samples: [
    { shapes: [[2, 3, 5, 4], [2, 3, 3, 3], [2]], dtype: "float32", apply: (x, w, bias) => conv(x!, w!, { padding: 1, bias: bias! }) },
    {
      shapes: [
        [1, 2, 7, 6],
        [3, 2, 2, 2],
      ],
      dtype: "float32",
      apply: (x, w) => conv(x!, w!, { stride: 2 }),
    },
    {
      shapes: [
        [2, 1, 6, 7],
        [2, 1, 3, 3],
      ],
      dtype: "float32",
      apply: (x, w) => conv(x!, w!, { stride: 2, padding: 1 }),
    },
  ],
};

/** The gradient of a convolution with respect to its input, as an operator of its own; weights are [in, out, kh, kw]. */
const ConvTranspose: Operator = {
  name: "ConvTranspose",
  types: ([x, w], attributes) => {
    const { stride, padding } = geometry(attributes);
    const extra = (attributes.output_padding as { ints: number[] }).ints;
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    const [inner, out, kh, kw] = w!.shape as [number, number, number, number];
    if (x!.shape.length !== 4 || w!.shape.length !== 4 || channels !== inner)
      throw new ShapeError(`convTranspose: cannot apply ${describe(w!)} to ${describe(x!)}`);
    const length = (size: number, kernel: number, more: number) => (size - 1) * stride + kernel - 2 * padding + more;
    return [{ dtype: x!.dtype, shape: [batch, out, length(height, kh, extra[0]!), length(width, kw, extra[1]!)] }];
  },
  flops: ({ inputs: [x, w] }) => 2 * sizeOf(x!.shape) * sizeOf(w!.shape.slice(1)),
  gradient: (dy, [x, w, bias], { attributes }) => {
    const { stride, padding } = geometry(attributes);
    const dx = crop(conv(dy, w!, { stride, padding }), [0, 0, 0, 0], x!.shape);
    const exchanged = [1, 0, 2, 3];
    const dilations = { ints: [stride, stride] };
    const wide = apply(Conv, [transpose(dy, exchanged), transpose(x!, exchanged)], { ...steps(1, padding), dilations })[0]!; // [out, in, ≥kh, ≥kw]
    const dw = transpose(crop(wide, [0, 0, 0, 0], [w!.shape[1]!, w!.shape[0]!, w!.shape[2]!, w!.shape[3]!]), exchanged);
    return bias ? [dx, dw, reduceSum(dy, [0, 2, 3])] : [dx, dw];
  },
  samples: [
    {
      shapes: [[2, 3, 2, 3], [3, 2, 2, 2], [2]],
      dtype: "float32",
      apply: (x, w, bias) => convTranspose(x!, w!, { stride: 2, bias: bias! }),
    },
    {
      shapes: [
        [1, 2, 4, 3],
        [2, 2, 3, 3],
      ],
      dtype: "float32",
      apply: (x, w) => convTranspose(x!, w!, { padding: 1 }),
    },
  ],
};

export const convolution = { Conv, ConvTranspose };

const steps = (stride: number, padding: number): Attributes => ({
  strides: { ints: [stride, stride] },
  pads: { ints: [padding, padding, padding, padding] },
});

/** Convolution of x [B, C, H, W] with w [out, C, kh, kw]. */
export function conv(x: Value, w: Value, { stride = 1, padding = 0, bias }: ConvolutionOptions = {}): Value {
  return apply(Conv, bias ? [x, w, bias] : [x, w], steps(stride, padding))[0]!;
}

/** Transposed convolution of x [B, C, H, W] with w [C, out, kh, kw]: upsamples by the stride. */
export function convTranspose(x: Value, w: Value, options: ConvolutionOptions = {}): Value {
  return applyTranspose(x, w, options, [0, 0]);
}

function applyTranspose(x: Value, w: Value, { stride = 1, padding = 0, bias }: ConvolutionOptions, missing: readonly number[]): Value {
  // Output padding must stay below the stride; what is missing beyond that is added as zeros afterwards.
  const extra = missing.map((width) => Math.min(Math.max(width, 0), stride - 1));
  const attributes = { ...steps(stride, padding), output_padding: { ints: extra } };
  const y = apply(ConvTranspose, bias ? [x, w, bias] : [x, w], attributes)[0]!;
  const rest = missing.map((width, i) => width - extra[i]!);
  return pad(y, [0, 0, 0, 0], [0, 0, rest[0]!, rest[1]!]);
}
