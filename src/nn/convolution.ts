import { checkedNames } from "../check/options.ts";
import { type ConvolutionOptions, conv, convTranspose, type TransposedConvolutionOptions, type Value } from "../graph/index.ts";
import { checkedLayer } from "./_layer.ts";

/** Weights of a convolution as torch stores them. */
export interface Convolution {
  /** [out, in / groups, kh, kw]; of a transposed one [in, out / groups, kh, kw] */
  readonly weight: Value;
  /** [out] */
  readonly bias?: Value;
}

const windowOptions = ["stride", "padding", "dilation", "groups"] as const;

/** Convolution over a picture [B, in, H, W]. */
export function conv2d(x: Value, layer: Convolution, options: Omit<ConvolutionOptions, "bias"> = {}): Value {
  const { weight, bias } = checkedLayer(layer, "conv2d", { weight: 4 });
  return conv(x, weight, { ...checkedNames(options, windowOptions, "conv2d"), ...(bias !== undefined && { bias }) });
}

/** Transposed convolution over a picture [B, in, H, W]: upsamples by the stride. */
export function convTranspose2d(x: Value, layer: Convolution, options: Omit<TransposedConvolutionOptions, "bias"> = {}): Value {
  const { weight, bias } = checkedLayer(layer, "convTranspose2d", { weight: 4 });
  const given = checkedNames(options, [...windowOptions, "outputPadding"], "convTranspose2d");
  return convTranspose(x, weight, { ...given, ...(bias !== undefined && { bias }) });
}
