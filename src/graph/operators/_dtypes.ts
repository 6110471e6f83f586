/** Element types for which ONNX Runtime has kernels on the CPU, by kinds of operators. It computes float16 in float32. */
import type { DType } from "../../tensor/tensor.ts";

export const floats: readonly DType[] = ["float32", "float64", "float16"];
export const numbers: readonly DType[] = [...floats, "int32", "int64"];
/** Of operators without a kernel in double precision. */
export const singles: readonly DType[] = ["float32", "float16"];
