import { input, type Value } from "../graph/index.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";

/** The rows [from, to) of an array along its first axis, without a copy. */
export function rowsOf<T extends "float32" | "uint8">({ dtype, shape, data }: Tensor<T>, from: number, to: number): Tensor<T> {
  const rest = shape.slice(1);
  const size = sizeOf(rest);
  return tensor(dtype, [to - from, ...rest], data.subarray(from * size, to * size) as Tensor<T>["data"]);
}

/** An input of the name, dtype and shape of a feed. */
export function inputOf(feeds: Readonly<Record<string, Tensor>>, name: string): Value {
  const { dtype, shape } = feeds[name]!;
  return input(name, dtype, shape);
}
