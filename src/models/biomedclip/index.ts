export { BiomedClip } from "./biomedclip.ts";
export { type BiomedClipConfig, biomedClipConfigOf, biomedClipPresets, biomedClipTensors, outputGrid } from "./config.ts";
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
