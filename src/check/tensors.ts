import { ShapeError } from "../errors.ts";
import { type DType, type Shape, sameShape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { described } from "./described.ts";

/** A tensor of this shape, whose data has as many elements. @throws ShapeError when it is another thing */
export function checkTensor(value: unknown, where: string, name: string, shape: Shape, dtype: DType = "float32"): void {
  const { dtype: type, shape: given, data } = (value ?? {}) as Partial<Tensor>;
  if (!Array.isArray(given) || data?.length === undefined) {
    throw new ShapeError(`${where}: ${name} must be a tensor ${dtype} [${shape}], got ${described(value)}.`);
  }
  if (type !== dtype || !sameShape(given, shape)) {
    throw new ShapeError(`${where}: ${name} must be ${dtype} [${shape}], got ${type} [${given}].`);
  }
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(`${where}: ${name} [${shape}] needs ${sizeOf(shape)} elements, got ${data.length}.`);
  }
}
