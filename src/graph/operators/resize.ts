/** Pictures [B, C, H, W] at another size, as products with one matrix for each axis: their gradients are products, too. */
import { z } from "zod";
import { checkedOptions } from "../../check/options.ts";
import { ShapeError } from "../../errors.ts";
import { tensor } from "../../tensor/tensor.ts";
import { shapeOf } from "../arguments.ts";
import { constant, type GradientSample, type Value } from "../value.ts";
import { pairOf } from "./_window.ts";
import { matmul } from "./algebra.ts";
import { cast } from "./elementwise.ts";

export type ResizeMode = "nearest" | "bilinear";

export interface ResizeOptions {
  readonly mode: ResizeMode;
  /**
   * Whether the centres of the corner pixels stay where they are; by default the edges of the picture do (half-pixel centres). For
   * `bilinear` alone.
   */
  readonly alignCorners?: boolean;
}

const Options = z.strictObject({ mode: z.enum(["nearest", "bilinear"]), alignCorners: z.boolean().default(false) });

/** Rows of weights: what each of `to` elements takes from each of `from`. */
type Sampling = (from: number, to: number) => Float32Array<ArrayBuffer>;

/** The element in which the new one begins. */
const nearest: Sampling = (from, to) => rows(from, to, (i) => [[Math.floor((i * from) / to), 1]]);

/** A weighted mean of the two elements around a place. */
const linear =
  (place: (i: number, from: number, to: number) => number): Sampling =>
  (from, to) =>
    rows(from, to, (i) => {
      const at = Math.min(Math.max(place(i, from, to), 0), from - 1);
      const before = Math.floor(at);
      return [
        [before, 1 - (at - before)],
        [Math.min(before + 1, from - 1), at - before],
      ];
    });

const halfPixel = linear((i, from, to) => ((i + 0.5) * from) / to - 0.5);
const aligned = linear((i, from, to) => (to === 1 ? 0 : (i * (from - 1)) / (to - 1)));

function rows(from: number, to: number, weights: (i: number) => readonly (readonly [index: number, weight: number])[]) {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) for (const [index, weight] of weights(i)) matrix[i * from + index]! += weight;
  return matrix;
}

/**
 * x [B, C, H, W] at another size [height, width].
 *
 * As torch's `interpolate`: no smoothing when a picture gets smaller. The elements of x must be finite, as each result is a sum over a
 * whole row and column with most weights zero.
 */
export function resize(x: Value, size: readonly [height: number, width: number], options: ResizeOptions): Value {
  const [from, over] = shapeOf(x, "resize: x", 4).slice(2) as [number, number];
  const [height, width] = pairOf(size, 1, "resize: the size");
  const { mode, alignCorners } = checkedOptions(Options, options, "resize");
  if (mode === "nearest" && alignCorners)
    throw new ShapeError("resize: nearest does not support alignCorners. Use bilinear, or omit alignCorners.");
  const sampling = mode === "nearest" ? nearest : alignCorners ? aligned : halfPixel;
  const vertical = constant(tensor("float32", [height, from], sampling(from, height)));
  const horizontal = constant(tensor("float32", [over, width], transposed(sampling(over, width), over)));
  const tall = from === height ? x : matmul(cast(vertical, x.dtype), x); // [B, C, height, W]
  return over === width ? tall : matmul(tall, cast(horizontal, x.dtype)); // [B, C, height, width]
}

function transposed(matrix: Float32Array, columns: number): Float32Array<ArrayBuffer> {
  const count = matrix.length / columns;
  return Float32Array.from({ length: matrix.length }, (_, i) => matrix[(i % count) * columns + Math.floor(i / count)]!);
}

export const resizeSamples: readonly GradientSample[] = [
  { shapes: [[1, 2, 3, 4]], apply: (x) => resize(x!, [6, 3], { mode: "nearest" }) },
  { shapes: [[1, 2, 3, 5]], apply: (x) => resize(x!, [7, 2], { mode: "bilinear" }) },
  { shapes: [[1, 2, 3, 5]], apply: (x) => resize(x!, [5, 3], { mode: "bilinear", alignCorners: true }) },
];
