import { gemm, quantisedGemm, reshape, type Value } from "../graph/index.ts";
import { sizeOf } from "../tensor/tensor.ts";

/** Weights of a linear layer as torch stores them. */
export interface Linear {
  /** [out, in] */
  readonly weight: Value;
  /** [out] */
  readonly bias?: Value;
  /** The weight in 8 bits, for inference: int8 [in, out] and what each column is multiplied with, [out]. */
  readonly quantised?: { readonly weight: Value; readonly scale: Value };
}

/** y = x·Wᵀ + b over the last axis: [..., in] to [..., out]. */
export function linear(x: Value, { weight, bias, quantised }: Linear): Value {
  const rows = x.shape.slice(0, -1);
  const flat = reshape(x, [sizeOf(rows), x.shape.at(-1)!]); // [rows, in]
  const y = quantised
    ? quantisedGemm(flat, quantised.weight, quantised.scale, bias)
    : gemm(flat, weight, { transB: true, ...(bias && { bias }) }); // [rows, out]
  return reshape(y, [...rows, weight.shape[0]!]);
}
