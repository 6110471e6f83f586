import { ShapeError } from "../errors.ts";

/**
 * The ensemble feature of several text prompts for one target: features are normalised to unit length, averaged, and normalised
 * again, so no prompt counts more because of a longer feature. A single feature is returned as it is.
 *
 * @param features - [E] each
 * @throws ShapeError when there is no sentence, or the features cancel out
 */
export function ensembleFeature(features: readonly Float32Array[]): Float32Array {
  const [first, ...others] = features;
  if (!first) throw new ShapeError("ensembleFeature: at least one sentence is needed");
  if (others.length === 0) return first;
  const sum = new Float64Array(first.length);
  for (const feature of features) {
    const norm = Math.hypot(...feature);
    for (let i = 0; i < sum.length; i++) sum[i]! += feature[i]! / norm / features.length;
  }
  const norm = Math.hypot(...sum);
  if (!(norm > 0)) throw new ShapeError("ensembleFeature: the features of the sentences cancel out");
  return Float32Array.from(sum, (value) => value / norm);
}
