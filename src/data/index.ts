export { type CaptionProblem, type CaptionRule, captionProblem, captionRules, cleanCaption, openClipCaption } from "./caption.ts";
export { type CsvColumns, type CsvOptions, readCsvPairs } from "./csv-pairs.ts";
export { decodePair } from "./decode-pair.ts";
export { type LoadPairsOptions, loadPairs, type PairSet } from "./load-pairs.ts";
export { countReasons, type DroppedPair, type ImageSource, imageName, type Pair, screenPairs } from "./pairs.ts";
export { type CropDraws, type CropRange, centreView, cropDraws, cropView, defaultCrop, randomCrop } from "./views.ts";
export { readShard } from "./webdataset.ts";
