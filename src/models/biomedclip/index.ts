export { BiomedClip } from "./biomedclip.ts";
export { type BiomedClipConfig, biomedClipConfigOf, biomedClipPresets, biomedClipTensors, type ConfigHints, readHints } from "./config.ts";
export { biomedClipFamily } from "./names.ts";
export { patchFeatures, projectClassToken, type TextTower, textTower, type VisionTower, visionTower, visionWeights } from "./towers.ts";
