import { add, gemm, mul, quantisedGemm, reshape, type Value } from "../graph/index.ts";
import { sizeOf } from "../tensor/tensor.ts";

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
export function linear(x: Value, { weight, bias, quantised, adapter }: Linear): Value {
  const rows = x.shape.slice(0, -1);
  const flat = reshape(x, [sizeOf(rows), x.shape.at(-1)!]); // [rows, in]
  const y = quantised
    ? quantisedGemm(flat, quantised.weight, quantised.scale, bias)
    : gemm(flat, weight, { transB: true, ...(bias && { bias }) }); // [rows, out]
  return reshape(adapter ? add(y, adapted(flat, adapter)) : y, [...rows, weight.shape[0]!]);
}

function adapted(x: Value, { down, up, scale }: Adapter): Value {
  return mul(gemm(gemm(x, down, { transB: true }), up, { transB: true }), scale); // [rows, out]
}
