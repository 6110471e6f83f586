export { readTable } from "./_table.ts";
export {
  type AugmentedPicture,
  type EncodedPairs,
  type EpochAugmentation,
  type EpochOptions,
  encodePairs,
  epochBatches,
  normalised,
  type PairBatch,
  plainBatches,
  type ViewOptions,
} from "./batches.ts";
export { type CaptionProblem, type CaptionRule, captionProblem, captionRules, cleanCaption, openClipCaption } from "./caption.ts";
export { type CsvColumns, type CsvOptions, readCsvPairs } from "./csv-pairs.ts";
export { decodePair } from "./decode-pair.ts";
export { epochOrder, type OrderOptions } from "./epoch-order.ts";
export { type LoadPairsOptions, loadPairs, type PairSet } from "./load-pairs.ts";
export { listMaskTargets, type MaskTarget, type MaskTargetOptions, type MaskTargetSet } from "./mask-targets.ts";
export { negativePairs } from "./negative-pairs.ts";
export {
  countReasons,
  type DroppedPair,
  droppedMessage,
  type ImagePlace,
  imageName,
  type Pair,
  reasonWords,
  screenPairs,
} from "./pairs.ts";
export { outlinesOf, type RegionTargets, type RegionView, regionTargets } from "./region-targets.ts";
export { type Region, type RegionOptions, type RegionSet, readRegions } from "./regions.ts";
export { type SharedImage, sharedImages } from "./shared-images.ts";
export { shuffledIndices, splitPairs, splitWarnings } from "./split.ts";
export { type CropDraws, type CropRange, centrePart, centreView, cropDraws, cropView, defaultCrop, randomCrop } from "./views.ts";
export { readShard } from "./webdataset.ts";
export { PairWorkers, type WorkersOptions } from "./workers.ts";
