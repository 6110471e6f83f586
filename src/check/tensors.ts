import { ShapeError } from "../errors.ts";
import { checkedTensor, type DType, type Shape, sameShape, type Tensor } from "../tensor/tensor.ts";

/** A tensor of this shape, whose data has as many elements. @throws ShapeError for anything else */
export function checkTensor(value: unknown, where: string, name: string, shape: Shape, dtype: DType = "float32"): void {
  const { dtype: type, shape: given } = checkedTensor(value as Tensor, `${where}: ${name}`);
  if (type !== dtype || !sameShape(given, shape)) {
    throw new ShapeError(`${where}: ${name} must be ${dtype} [${shape}], got ${type} [${given}].`);
  }
}
