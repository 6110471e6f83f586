import { ShapeError } from "../errors.ts";
import { shapeOf } from "../graph/arguments.ts";
import { add, gemm, mul, quantisedGemm, reshape, type Value } from "../graph/index.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { checkedLayer } from "./_layer.ts";

/** Weights of a linear layer as torch stores them. */
export interface Linear {
  /** [out, in] */
  readonly weight: Value;
  /** [out] */
  readonly bias?: Value;
  /** The weight in 8 bits, for inference: int8 [in, out] and what each column is multiplied with, [out]. */
  readonly quantised?: { readonly weight: Value; readonly scale: Value };
  /** A low-rank addition to the weight, scale · up · down, that is never made whole (LoRA). */
  readonly adapter?: Adapter;
}

/** Low-rank factors beside a frozen weight. @see Hu et al. 2021, arXiv:2106.09685 */
export interface Adapter {
  /** A, [rank, in] */
  readonly down: Value;
  /** B, [out, rank] */
  readonly up: Value;
  readonly scale: number;
}

/** y = x·Wᵀ + b over the last axis, plus scale · (x·Aᵀ)·Bᵀ where there is an adapter: [..., in] to [..., out]. */
export function linear(x: Value, layer: Linear): Value {
  const { weight, bias, quantised, adapter } = checkedLayer(layer, "linear", { weight: 2 });
  const [rows, width] = [shapeOf(x, "linear: x").slice(0, -1), x.shape.at(-1)];
  if (width !== weight.shape[1]) throw new ShapeError(`linear: x must be [..., ${weight.shape[1]}], got [${x.shape}]`);
  const flat = reshape(x, [sizeOf(rows), width!]); // [rows, in]
  const y =
    quantised !== undefined ? inBytes(flat, quantised, bias) : gemm(flat, weight, { transB: true, ...(bias !== undefined && { bias }) }); // [rows, out]
  return reshape(adapter !== undefined ? add(y, adapted(flat, adapter)) : y, [...rows, weight.shape[0]!]);
}

function inBytes(x: Value, quantised: NonNullable<Linear["quantised"]>, bias: Value | undefined): Value {
  const { weight, scale } = checkedLayer(quantised, "linear: the 8-bit weight", { weight: 2, scale: 1 });
  return quantisedGemm(x, weight, scale, bias);
}

function adapted(x: Value, adapter: Adapter): Value {
  const { down, up, scale } = checkedLayer(adapter, "linear: the adapter", { down: 2, up: 2 });
  return mul(gemm(gemm(x, down, { transB: true }), up, { transB: true }), scale); // [rows, out]
}
