import { constant, type Value } from "../graph/index.ts";
import { tensor } from "../tensor/tensor.ts";

/** A constant [size, size] with one value on the diagonal and another elsewhere. */
export function diagonal(size: number, on: number, off: number, like: Value): Value {
  const at = (i: number) => (i % (size + 1) === 0 ? on : off);
  const length = size * size;
  return like.dtype === "float64"
    ? constant(
        tensor(
          "float64",
          [size, size],
          Float64Array.from({ length }, (_, i) => at(i)),
        ),
      )
    : constant(
        tensor(
          "float32",
          [size, size],
          Float32Array.from({ length }, (_, i) => at(i)),
        ),
      );
}
