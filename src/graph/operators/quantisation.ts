/** Products of 8-bit integers, for inference. All are portable ONNX; ONNX Runtime joins them into one kernel on the CPU. */
import { ShapeError } from "../../errors.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { shapeOf } from "../arguments.ts";
import { apply, describe, type Operator, type Value } from "../value.ts";
import { add, cast, mul } from "./elementwise.ts";

/** x ≈ scale · (y - zero), with scale and zero chosen so that y just spans 0 to 255. */
const DynamicQuantizeLinear: Operator = {
  name: "DynamicQuantizeLinear",
  dtypes: ["float32"],
  types: ([x]) => [
    { dtype: "uint8", shape: x!.shape },
    { dtype: "float32", shape: [] },
    { dtype: "uint8", shape: [] },
  ],
};

/** Exact product in 32-bit integers of [M, K] minus its zero, and [K, N]. */
const MatMulInteger: Operator = {
  name: "MatMulInteger",
  types: ([a, b]) => {
    if (a!.dtype !== "uint8" || b!.dtype !== "int8" || a!.shape.length !== 2 || b!.shape.length !== 2 || a!.shape[1] !== b!.shape[0])
      throw new ShapeError(`matmulInteger: expected uint8 [M, K] and int8 [K, N], got ${describe(a!)} and ${describe(b!)}`);
    return [{ dtype: "int32", shape: [a!.shape[0]!, b!.shape[1]!] }];
  },
  flops: ({ inputs: [a], outputs: [y] }) => 2 * sizeOf(y!.shape) * a!.shape[1]!,
};

export const quantisation = { DynamicQuantizeLinear, MatMulInteger };

/**
 * x · (b · scale) + bias, where x is rounded to 8 bits by the span of its own values.
 *
 * @param x - float32 [M, K]
 * @param b - int8 [K, N]
 * @param scale - float32 [N], of each column of b
 */
export function quantisedGemm(x: Value, b: Value, scale: Value, bias?: Value): Value {
  const [y, xScale, xZero] = apply(DynamicQuantizeLinear, [x]);
  if (shapeOf(scale, "quantisedGemm: scale", 1)[0] !== shapeOf(b, "quantisedGemm: b", 2)[1])
    throw new ShapeError(`quantisedGemm: scale must be [${b.shape[1]}], got ${describe(scale)}`);
  const product = cast(apply(MatMulInteger, [y!, b, xZero!])[0]!, "float32"); // [M, N]
  const scaled = mul(product, mul(xScale!, scale));
  return bias === undefined ? scaled : add(scaled, bias);
}
