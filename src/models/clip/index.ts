export { ClipModel } from "./clip-model.ts";
export { type ClipConfig, type ClipFamilyName, outputGrid, withVocabulary } from "./config.ts";
export type { ConfigHints } from "./config-hints.ts";
export { clipFamilies, clipPresets, clipTensors, clipTensorsIn, familyOf, openClipWeights } from "./families.ts";
export type { ClipFamily, TextTower } from "./family.ts";
export { branchFlops, pairFlops } from "./flops.ts";
export { mergeHints, readHints, readPreprocessor } from "./hints.ts";
export { clipConfigOf, clipNotes } from "./model-config.ts";
export {
  denseFeatures,
  denseLogitParameters,
  patchFeatures,
  projectClassToken,
  readTokens,
  textTower,
  type VisionTower,
  visionTower,
  visionWeights,
} from "./towers.ts";
