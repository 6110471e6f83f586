import { ShapeError } from "../errors.ts";
import type { Image } from "../image/index.ts";
import type { ClipModel } from "../models/clip/index.ts";
import { cosine } from "../tensor/cosine.ts";
import { tensor } from "../tensor/tensor.ts";

/** How well a map explains the agreement of an image with a text, without ground truth. */
export interface Confidence {
  /** Cosine of the text with the image, s, and with the image times its map, s'. */
  readonly similarity: number;
  readonly masked: number;
  /** max(0, s - s'): lower is better. */
  readonly drop: number;
  /** s' > s: what the map hides only distracted. */
  readonly isIncreased: boolean;
}

/** Of n maps: the mean drop times 100, and how many percent have an increase. */
export interface ConfidenceSummary {
  readonly drop: number;
  readonly increase: number;
  readonly n: number;
}

/** The measures of one map from the two similarities. */
export function confidenceOf(similarity: number, masked: number): Confidence {
  return { similarity, masked, drop: Math.max(0, similarity - masked), isIncreased: masked > similarity };
}

/**
 * Confidence drop and increase of a map: what happens to the agreement if the image keeps only what the map highlights. Two passes of the image
 * tower.
 *
 * @param view - what the model sees, S x S pixels
 * @param map - [S · S] in [0, 1]; it multiplies the *normalised* pixels, so 0 is the mean gray of the training images, not black
 * @param text - [E] features of the text; only their direction matters
 * @throws ShapeError when the map has another size than the view
 * @see Chattopadhay et al. 2018, "Grad-CAM++", arXiv:1710.11063, section 4.1; for text and image Wang et al. 2023, arXiv:2312.17174
 */
export async function confidence(model: ClipModel, view: Image, map: Float32Array, text: Float32Array): Promise<Confidence> {
  const pixels = model.normalised(view);
  const plane = view.width * view.height;
  if (map.length !== plane) throw new ShapeError(`confidence: the map must have ${plane} values, got ${map.length}`);
  const kept = tensor(
    "float32",
    pixels.shape,
    pixels.data.map((value, i) => value * map[i % plane]!),
  );
  return confidenceOf(cosine(text, await model.pixelFeatures(pixels)), cosine(text, await model.pixelFeatures(kept)));
}

/** The summary of some maps; NaN without any. */
export function summariseConfidence(all: readonly Pick<Confidence, "drop" | "isIncreased">[]): ConfidenceSummary {
  const percent = (sum: number) => (100 * sum) / all.length;
  return {
    drop: percent(all.reduce((sum, { drop }) => sum + drop, 0)),
    increase: percent(all.filter(({ isIncreased }) => isIncreased).length),
    n: all.length,
  };
}
