import { InputError, ShapeError } from "../../errors.ts";
import { checkedTensor, type Tensor } from "../../tensor/tensor.ts";

/** Features of pairs: row i of both belongs together. */
export interface PairFeatures {
  /** [N, D] */
  readonly image: Tensor<"float32">;
  /** [N, D] */
  readonly text: Tensor<"float32">;
}

/**
 * The same features with unit length, so that products of rows are cosines.
 *
 * @throws ShapeError when they are not two matrices of one shape with at least one row
 * @throws InputError when a feature is zero or not finite: it would be similar to nothing, and rank first for want of a better
 */
export function unitFeatures(features: PairFeatures): PairFeatures & { readonly count: number; readonly width: number } {
  const { image, text } = (features ?? {}) as PairFeatures;
  for (const [name, part] of Object.entries({ image, text })) {
    const { dtype } = checkedTensor(part, `retrieval: ${name} features`);
    if (dtype !== "float32") throw new ShapeError(`retrieval: ${name} features must be float32, got ${dtype}`);
  }
  const [count, width] = image.shape;
  if (image.shape.length !== 2 || text.shape.length !== 2 || count !== text.shape[0] || width !== text.shape[1] || !(count! * width! > 0)) {
    throw new ShapeError(`retrieval: image and text features must be [N, D] with N at least 1, got [${image.shape}] and [${text.shape}]`);
  }
  return { image: unitRows(image, "image"), text: unitRows(text, "text"), count: count!, width: width! };
}

function unitRows({ shape, data }: Tensor<"float32">, what: string): Tensor<"float32"> {
  const width = shape[1]!;
  const unit = new Float32Array(data.length);
  for (let from = 0; from < data.length; from += width) {
    let sum = 0;
    for (let i = from; i < from + width; i++) sum += data[i]! * data[i]!;
    const scale = 1 / Math.sqrt(sum);
    if (!(scale > 0 && Number.isFinite(scale))) {
      throw new InputError(`retrieval: the ${what} feature ${from / width} has the length ${Math.sqrt(sum)}, which has no direction`);
    }
    for (let i = from; i < from + width; i++) unit[i] = data[i]! * scale;
  }
  return { dtype: "float32", shape, data: unit };
}
