import { flopsOf, input } from "../../graph/index.ts";
import type { NamedWeights } from "../named-weights.ts";
import type { ClipConfig } from "./config.ts";
import { denseFeatures, textTower, visionTower } from "./towers.ts";

/** Operations that an image and a text of so many tokens take through both towers. */
export function pairFlops(weights: NamedWeights, config: ClipConfig, tokens: number): number {
  const { imageSize } = config.vision;
  const image = visionTower(input("pixels", "float32", [1, 3, imageSize, imageSize]), weights, config).features;
  const text = textTower(input("ids", "int64", [1, tokens]), weights, config).features;
  return flopsOf([image, text]);
}

/** Operations that the convolutional branch takes for an image beside the image tower; 0 without a branch. */
export function branchFlops(weights: NamedWeights, config: ClipConfig): number {
  if (!config.dense) return 0;
  const { imageSize } = config.vision;
  const tower = visionTower(input("pixels", "float32", [1, 3, imageSize, imageSize]), weights, config);
  return flopsOf([denseFeatures(tower, weights, config)]) - flopsOf([tower.blocks.at(-1)!]);
}
