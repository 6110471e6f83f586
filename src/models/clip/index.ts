export { ClipModel } from "./clip-model.ts";
export { type ClipConfig, clipConfigOf, clipPresets, clipTensors, outputGrid } from "./config.ts";
export { branchFlops, pairFlops } from "./flops.ts";
export { type ConfigHints, mergeHints, readHints, readPreprocessor } from "./hints.ts";
export { biomedClipFamily } from "./names.ts";
export {
  denseFeatures,
  denseLogitParameters,
  patchFeatures,
  projectClassToken,
  type TextTower,
  textTower,
  type VisionTower,
  visionTower,
  visionWeights,
} from "./towers.ts";
