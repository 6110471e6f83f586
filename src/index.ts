export { type CoarseMethodName, coarseMask, coarseMethods } from "./coarse/index.ts";
export {
  CancelledError,
  ConfigError,
  type ErrorCode,
  InputError,
  MedclipSamError,
  OutputError,
  ShapeError,
  WeightsError,
} from "./errors.ts";
export {
  type Box,
  type GrayImage,
  type Image,
  type LabelledPoint,
  type Mask,
  overlay,
  type Point,
  rgbImage,
  type SaliencyMap,
  toGray,
} from "./image/index.ts";
export { type FineTuneSamSettings, type FineTuneSettings, fineTune, fineTuneSam, type TrainingOptions } from "./jobs/trainings.ts";
export {
  type Evaluation,
  type EvaluationOptions,
  type EvaluationPair,
  type EvaluationSummary,
  evaluate,
  type ImageScores,
} from "./metrics/evaluate.ts";
export { dsc, iou, nsd, type PixelEdgeMetrics, pixelEdgeMetrics, surfaceMetrics, surfaceNsd } from "./metrics/index.ts";
export { type Metric, type MetricName, metricTable } from "./metrics/metric-table.ts";
export type { BiomedClip } from "./models/biomedclip/index.ts";
export type { ClipContent, Content } from "./pipeline/models/model-content.ts";
export { type Segmentation, type TargetSegmentations, ZeroShotModel } from "./pipeline/zero-shot/in-memory.ts";
export { loadModel, loadPack, type SegmentOptions, segment, segmentTargets } from "./pipeline/zero-shot/of-files.ts";
export { visualPrompts } from "./prompts/index.ts";
export { encodeMask, writeGray, writeMask, writeRgb } from "./results/png.ts";
export type { RunEvent } from "./run/events.ts";
export { M2ib, M2ibConfig, type OwnSaliencyMethod, type SaliencyMethodName, saliencyMethods } from "./saliency/index.ts";
export { decodeImage } from "./scans/decode-image.ts";
export { type MaskReading, type MaskRuleOptions, type MaskSamples, maskOf } from "./scans/mask-rule.ts";
export { readGray } from "./scans/read-gray.ts";
export { type ReadMaskOptions, readMask } from "./scans/read-mask.ts";
export { SamPredictor } from "./segment/index.ts";
export { version } from "./version.ts";
