import { firstNotFinite } from "../check/numbers.ts";
import { WeightsError } from "../errors.ts";

/**
 * What a model has computed, as it stands. NaN would go on in silence: no logit of NaN is above 0, so the mask would be empty.
 *
 * @param what - in words, such as "the features of the image"
 * @param file - of the weights
 * @throws WeightsError when a number is not finite: so are numbers among the weights
 */
export function finite(values: Float32Array, what: string, file: string): Float32Array {
  if (firstNotFinite(values) >= 0)
    throw new WeightsError(
      `"${file}": ${what} are not finite numbers, so some of its weights are not finite either, or are far too large. \`medclip-sam models verify\` tells which; get the model again.`,
    );
  return values;
}

/** Checks weights before they are rounded to integers, which would hide NaN and infinite values. @throws WeightsError that names the tensor */
export function finiteWeights(values: Float32Array, tensor: string, file: string): Float32Array {
  if (firstNotFinite(values) >= 0)
    throw new WeightsError(
      `"${file}": "${tensor}" holds values that are not finite. \`medclip-sam models verify\` lists all such tensors; get the model again.`,
    );
  return values;
}
