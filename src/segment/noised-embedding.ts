import { tensor } from "../tensor/tensor.ts";
import type { ImageEmbedding } from "./predictor.ts";

/**
 * An image embedding with noise: how much a mask changes with it tells how sure SAM is.
 *
 * @param strength - in standard deviations of the embedding's values
 * @param noise - standard normal values, one for each of the embedding
 */
export function noisedEmbedding(embedding: ImageEmbedding, strength: number, noise: Float32Array): ImageEmbedding {
  const { shape, data } = embedding.values;
  let [sum, squares] = [0, 0];
  for (const value of data) {
    sum += value;
    squares += value * value;
  }
  const deviation = Math.sqrt(Math.max(0, squares / data.length - (sum / data.length) ** 2));
  const noised = data.map((value, i) => value + strength * deviation * noise[i]!);
  return { ...embedding, values: tensor("float32", shape, noised) };
}
