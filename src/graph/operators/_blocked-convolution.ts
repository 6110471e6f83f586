/**
 * Convolution over pictures whose channels lie in blocks, [B, C / block, H, W, block], as ONNX Runtime has it for itself on the CPU; see
 * `blockedConvolutions`. These operators are in no exported graph, and have no gradients. Shapes are given as [B, C, H, W] all the same.
 */
import { apply, integers, type Operator, scalar, type Value } from "../value.ts";
import { attributesOf, positionsOf, type Window, windowOf } from "./_window.ts";
import { expand, gather, reshape, transpose } from "./movement.ts";

const domain = "com.microsoft.nchwc";

/** From [B, C, H, W] into blocks. */
const ReorderInput: Operator = {
  name: "ReorderInput",
  domain,
  dtypes: ["float32"],
  types: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
};

/** Back from blocks to [B, C, H, W]. */
const ReorderOutput: Operator = { ...ReorderInput, name: "ReorderOutput" };

/** Inputs are x in blocks, the filter as `plainFilter` lays it out, the bias, and what is added to the result, of its shape and in blocks. */
const BlockedConv: Operator = {
  name: "Conv",
  domain,
  dtypes: ["float32"],
  types: ([x, filter], attributes) => [
    { dtype: x!.dtype, shape: [x!.shape[0]!, filter!.shape[0]!, ...positionsOf(x!.shape, windowOf(attributes), "conv")] },
  ],
};

/** A convolution in blocks. */
export interface BlockedInput {
  readonly x: Value;
  readonly filter: Value;
  readonly window: Window;
  /** [out] */
  readonly bias?: Value | undefined;
  /** Added to the result; the runtime may overwrite it. */
  readonly sum?: Value;
}

/** The result of a convolution in blocks. */
export function blockedConv({ x, filter, window, bias, sum }: BlockedInput): Value {
  const zeros = sum && !bias ? expand(scalar(0), [filter.shape[0]!]) : undefined;
  const inputs = [x, filter, bias ?? zeros, sum].filter((value) => value !== undefined);
  return apply(BlockedConv, inputs, { ...attributesOf(window), group: { int: 1 } })[0]!;
}

/** x [B, C, H, W] with its channels in blocks; C is a multiple of 4. */
export function toBlocks(x: Value): Value {
  return apply(ReorderInput, [x])[0]!;
}

/** x with its channels one by one again. */
export function fromBlocks(x: Value): Value {
  return apply(ReorderOutput, [x], { channels: { int: x.shape[1]! }, channels_last: { int: 0 } })[0]!;
}

/** The kernel [O, C, kh, kw] of a convolution as [O / block, C / block, kh, kw, block of C, block of O], in the shape that it had. */
export function plainFilter(w: Value, block: number): Value {
  const [out, channels, kh, kw] = w.shape as [number, number, number, number];
  const parts = reshape(w, [out / block, block, channels / block, block, kh, kw]);
  return reshape(transpose(parts, [0, 2, 4, 5, 3, 1]), w.shape);
}

/** The kernel [O, C, kh, kw] of a convolution, for its gradient with respect to x: turned by half a turn, from O channels to C. */
export function flippedFilter(w: Value, block: number): Value {
  const [out, channels, kh, kw] = w.shape as [number, number, number, number];
  const taps = reshape(transpose(w, [2, 3, 0, 1]), [kh * kw, out, channels]);
  const backwards = gather(taps, integers(Array.from({ length: kh * kw }, (_, i) => kh * kw - 1 - i)));
  const parts = reshape(backwards, [kh, kw, out / block, block, channels / block, block]);
  return reshape(transpose(parts, [4, 2, 0, 1, 3, 5]), [channels, out, kh, kw]);
}
