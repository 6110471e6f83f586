import { type ConvolutionOptions, conv, convTranspose, type TransposedConvolutionOptions, type Value } from "../graph/index.ts";

/** Weights of a convolution as torch stores them. */
export interface Convolution {
  /** [out, in / groups, kh, kw]; of a transposed one [in, out / groups, kh, kw] */
  readonly weight: Value;
  /** [out] */
  readonly bias?: Value;
}

/** Convolution over a picture [B, in, H, W]. */
export function conv2d(x: Value, { weight, bias }: Convolution, options: Omit<ConvolutionOptions, "bias"> = {}): Value {
  return conv(x, weight, { ...options, ...(bias && { bias }) });
}

/** Transposed convolution over a picture [B, in, H, W]: upsamples by the stride. */
export function convTranspose2d(x: Value, { weight, bias }: Convolution, options: Omit<TransposedConvolutionOptions, "bias"> = {}): Value {
  return convTranspose(x, weight, { ...options, ...(bias && { bias }) });
}
