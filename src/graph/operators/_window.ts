/** How a window moves over the two axes of a picture: what convolutions and pooling have in common. */
import { described } from "../../check/described.ts";
import { areWhole } from "../../check/numbers.ts";
import { ShapeError } from "../../errors.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { Attributes } from "../value.ts";

/** A number for each axis, [vertical, horizontal], or one for both. */
export type Pair = number | readonly [vertical: number, horizontal: number];

export interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Border on either side of each axis. */
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

/** Both numbers of a pair. @throws ShapeError when they are not integers of at least `least` */
export function pairOf(pair: Pair, least: number, what: string): readonly [number, number] {
  const both = typeof pair === "number" ? ([pair, pair] as const) : pair;
  if (areWhole(both, least) && both.length === 2) return both;
  throw new ShapeError(`${what} must be a whole number of at least ${least}, or two, got ${described(pair)}.`);
}

/** Strides, borders and dilations as ONNX writes them. */
export function attributesOf({ kernel, stride, padding, dilation }: Window): Attributes {
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: stride },
    pads: { ints: [...padding, ...padding] },
    dilations: { ints: dilation },
  };
}

/** The window that attributes describe. */
export function windowOf(attributes: Attributes): Window {
  const two = (name: string) => (attributes[name] as { ints: readonly number[] }).ints.slice(0, 2) as unknown as readonly [number, number];
  return { kernel: two("kernel_shape"), stride: two("strides"), padding: two("pads"), dilation: two("dilations") };
}

/** The side lengths [height, width] of a picture [..., H, W]. */
export function sidesOf(shape: Shape): readonly [number, number] {
  return shape.slice(-2) as unknown as readonly [number, number];
}

/** Elements along each axis from the first that a window covers to the last. */
export function reachOf({ kernel, dilation }: Window): readonly [number, number] {
  return [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1];
}

/** How many positions the window has along each axis of a picture [..., H, W]. @throws ShapeError when it has none */
export function positionsOf(shape: Shape, window: Window, what: string): readonly [number, number] {
  const reach = reachOf(window);
  const [height, width] = sidesOf(shape).map((side, i) => Math.floor((side + 2 * window.padding[i]! - reach[i]!) / window.stride[i]!) + 1);
  if (height! < 1 || width! < 1) {
    throw new ShapeError(
      `${what}: a window of ${reach.join(" x ")} does not fit into ${sidesOf(shape).join(" x ")} with a border of ${window.padding.join(" x ")}`,
    );
  }
  return [height!, width!];
}
