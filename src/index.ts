export { type CoarseMaskOptions, type CoarseMethodName, type CutMask, coarseMask, coarseMethods } from "./coarse/index.ts";
export type { Attributes } from "./dicom/attributes.ts";
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
  type ClassMaps,
  type Colour,
  type ColouredMask,
  type GrayImage,
  type Image,
  type LabelledPoint,
  type MapKind,
  type Mask,
  type MaskRuns,
  maskOfRuns,
  type OverlayLayers,
  overlay,
  type Point,
  rgbImage,
  type SaliencyMap,
  type Size,
  type Ties,
  toGray,
} from "./image/index.ts";
export type { Orientation } from "./image/orientation.ts";
export { type Retrieval, type RetrieveSettings, retrieve } from "./jobs/retrieve.ts";
export {
  type AdaptSettings,
  adapt,
  type FineTuneSamSettings,
  type FineTuneSettings,
  fineTune,
  fineTuneSam,
  type PseudoLabelSettings,
  pseudoLabel,
  type TrainingOptions,
  type TrainNnUnetSettings,
  trainNnUnet,
  type WeakSupervisionSettings,
  weakSupervision,
} from "./jobs/trainings.ts";
export { type ContrastiveLoss, type ContrastiveLossName, type ContrastiveOptions, contrastiveLosses } from "./losses/index.ts";
export {
  type Evaluation,
  type EvaluationOptions,
  type EvaluationPair,
  type EvaluationSummary,
  evaluate,
  type ImageScores,
  type MetricSummary,
  type NoDistance,
} from "./metrics/evaluate.ts";
export {
  dsc,
  iou,
  nsd,
  type PixelEdgeMetrics,
  pixelEdgeMetrics,
  type SurfaceMetrics,
  surfaceMetrics,
  surfaceNsd,
  type ToleranceOptions,
} from "./metrics/index.ts";
export { type Metric, type MetricName, metricTable } from "./metrics/metric-table.ts";
export {
  type Accuracy,
  type BatchRetrieval,
  type BatchRetrievalOptions,
  batchRetrieval,
  type PairFeatures,
  type PairRanks,
  pairRanks,
  type RankSummary,
  summariseRanks,
  type TopAccuracy,
  type WholeSetOptions,
} from "./metrics/retrieval/index.ts";
export type { ClipConfig, ClipModel } from "./models/clip/index.ts";
export type { DenseBranchConfig } from "./models/dense-branch.ts";
export type { SamConfig } from "./models/sam/index.ts";
export type { Content } from "./pipeline/models/content.ts";
export type { ClipContent, PromptableModel, TextImageModel } from "./pipeline/models/model-content.ts";
export type { ChannelImage } from "./pipeline/weak/nn-unet/images.ts";
export type { EnsemblePrediction, NnUnetContent, NnUnetPrediction, PredictOptions } from "./pipeline/weak/nn-unet/in-memory.ts";
export type { NnUnet } from "./pipeline/weak/nn-unet/nn-unet.ts";
export { loadNnUnet, type NnUnetOptions, predict, predictEnsemble } from "./pipeline/weak/nn-unet/of-files.ts";
export { type Segmentation, type TargetSegmentations, ZeroShotModel } from "./pipeline/zero-shot/library/in-memory.ts";
export { loadModel, loadPack, type SegmentOptions, segment, segmentTargets } from "./pipeline/zero-shot/library/of-files.ts";
export type { PresenceCalibration } from "./pipeline/zero-shot/presence/calibration.ts";
export { readCalibration } from "./pipeline/zero-shot/presence/calibration-file.ts";
export type { PresenceOfTarget } from "./pipeline/zero-shot/steps/found.ts";
export type { EmbedImage } from "./pipeline/zero-shot/steps/image-embedding.ts";
export type { Code } from "./results/dicom/concepts.ts";
export type { SegKind } from "./results/dicom/seg/encode-seg.ts";
export { type MadeNifti, type NiftiFromMasksOptions, niftiFromMasks } from "./results/of-masks/nifti.ts";
export { masksFromSeg, type SegMasks, type SegStructureMasks } from "./results/of-masks/read-seg.ts";
export { type MadeSeg, type SegFromMasksOptions, segFromMasks } from "./results/of-masks/seg.ts";
export type { StructureMasks } from "./results/of-masks/structures.ts";
export { encodeMask, writeGray, writeMask, writeRgb } from "./results/png.ts";
export type { RunEvent, StepLine } from "./run/events.ts";
export type { SessionOptions } from "./runtime/session.ts";
export {
  M2ib,
  M2ibConfig,
  type M2ibOptions,
  type M2ibResult,
  type MethodFlops,
  type OwnSaliencyMethod,
  type SaliencyMethodName,
  saliencyMethods,
} from "./saliency/index.ts";
export type { AxisCodes, Direction } from "./scans/axes.ts";
export { type DecodedImage, decodeImage } from "./scans/decode-image.ts";
export { type MaskReading, type MaskRuleOptions, type MaskSamples, maskOf } from "./scans/mask-rule.ts";
export type { OpenScansOptions } from "./scans/open/in-memory.ts";
export { openScans } from "./scans/open/of-files.ts";
export { readGray } from "./scans/read-gray.ts";
export { type ReadMaskOptions, readMask } from "./scans/read-mask.ts";
export type { AffineLps, DicomScan, NiftiScan, ReadOptions, Scan, ScanCut, ScanFrame } from "./scans/scan.ts";
export type { FoundScans, RefusedFile } from "./scans/scans-in.ts";
export type {
  AffineRow,
  DisplayedImage,
  DisplayMode,
  Frame,
  Geometry,
  NamedBytes,
  SampleArray,
  StoredPixels,
  View,
} from "./scans/sources/image-source.ts";
export type { AppliedWindow, Window, WindowFunction } from "./scans/sources/window.ts";
export {
  type Candidates,
  EverythingOptions,
  type EverythingWork,
  everything,
  type ImageEmbedding,
  type Prediction,
  type Region,
  type SamOptions,
  SamPredictor,
  type SamPrompts,
} from "./segment/index.ts";
export type { RandomStream } from "./tensor/random.ts";
export type { Tokenizer, WordPiece } from "./text/tokenizer.ts";
export type { EntropyMap } from "./uncertainty/index.ts";
export { version } from "./version.ts";
export {
  type BoxClamp,
  type EmptyMask,
  type PromptKind,
  type VisualPromptOptions,
  type VisualPrompts,
  visualPrompts,
} from "./visual-prompts/index.ts";
