import { ConfigError } from "../../errors.ts";
import { exp, slice, type Value } from "../../graph/index.ts";
import { linear, norm } from "../../nn/index.ts";
import type { Packing } from "../bert.ts";
import { denseBranch } from "../dense-branch.ts";
import type { NamedWeights } from "../named-weights.ts";
import { gridOf, type VitOutputs, type VitWeights, vit } from "../vit.ts";
import { type ClipConfig, positionGridOf } from "./config.ts";
import { denseRoot } from "./dense-root.ts";
import { clipFamilies } from "./families.ts";
import type { TextTower } from "./family.ts";
import { resizedPositions } from "./positions.ts";

/** The image tower's weights, with positions for the size of its images. */
export function visionWeights(weights: NamedWeights, config: ClipConfig): VitWeights {
  const found = clipFamilies[config.family].visionWeights(weights, config);
  const [from, to] = [positionGridOf(config.vision), gridOf(config.vision)];
  return from === to ? found : { ...found, positions: resizedPositions(found.positions, from, to) };
}

/** The image tower: a vision transformer and a linear projection of its class token into the shared space. */
export interface VisionTower extends VitOutputs {
  /** Normalised pixels, [B, 3, S, S]. */
  readonly image: Value;
  /** Before normalisation, [B, E]. */
  readonly features: Value;
}

/** @param image - normalised pixels [B, 3, S, S] */
export function visionTower(image: Value, weights: NamedWeights, config: ClipConfig): VisionTower {
  const outputs = vit(image, visionWeights(weights, config), config.vision);
  return { ...outputs, image, features: projectClassToken(outputs.classToken, weights, config) };
}

/** Normalised tokens [..., D], as a rule the class token, in the shared space, [..., E]. */
export function projectClassToken(classToken: Value, weights: NamedWeights, { family }: ClipConfig): Value {
  return linear(classToken, weights.linear(clipFamilies[family].visionProjection));
}

/**
 * The patches of the last block through the normalisation and projection of the class token: in the shared space, [B, T - 1, E].
 *
 * @remarks The published model was not trained on them; they are meaningful only after training with a term on patches.
 */
export function patchFeatures({ blocks }: Pick<VisionTower, "blocks">, weights: NamedWeights, config: ClipConfig): Value {
  const tokens = blocks.at(-1)!; // [B, T, D]
  const patches = slice(tokens, 1, 1, tokens.shape[1]!); // [B, T - 1, D]
  const normalised = norm(patches, clipFamilies[config.family].visionWeights(weights, config).norm, config.vision.epsilon);
  return projectClassToken(normalised, weights, config);
}

/**
 * Features on the grid of the convolutional branch, in the shared space, [B, G · G, E].
 *
 * @throws ConfigError when the model has no such branch
 */
export function denseFeatures({ image, blocks }: Pick<VisionTower, "image" | "blocks">, weights: NamedWeights, config: ClipConfig): Value {
  const { dense } = config;
  if (!dense) throw new ConfigError("the model has no convolutional branch (no tensors visual.dense.*), so it has no dense features");
  return denseBranch(denseRoot, image, blocks.at(-1)!, weights, dense);
}

/** The logits of the branch are scale · cosine + bias, with both learned. */
export function denseLogitParameters(weights: NamedWeights): { scale: Value; bias: Value } {
  return { scale: exp(weights.get(`${denseRoot}.logit_scale`)), bias: weights.get(`${denseRoot}.logit_bias`) };
}

/**
 * The text tower.
 *
 * @param ids - token ids without padding, int64 [B, T]; up to the first end token, where there is one, see `readTokens`
 * @param packing - where the rows of `ids` hold several texts each; features are then [N, E] for N texts
 */
export function textTower(ids: Value, weights: NamedWeights, config: ClipConfig, packing?: Packing): TextTower {
  return clipFamilies[config.family].textTower(ids, weights, config, packing);
}

/** The tokens of a text that decide its features: a tower that reads the first end token does not see what follows it. */
export function readTokens(ids: readonly number[], { text: { endToken } }: ClipConfig): readonly number[] {
  const end = endToken === undefined ? -1 : ids.indexOf(endToken);
  return end < 0 ? ids : ids.slice(0, end + 1);
}
