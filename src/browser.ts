/**
 * The package in a browser: the full zero-shot pipeline and predictions of a trained nnU-Net on onnxruntime-web, from the contents of files and from
 * pixels; DICOM and NIfTI files from bytes to scans, and masks to bytes of DICOM SEG and NIfTI. What trains, and what reads and writes files, is
 * not part of it.
 *
 * The runtime's WebAssembly, 14 MB, must be served by the page: `ort-wasm-simd-threaded.wasm` in `dist/` of the package onnxruntime-web. Bundlers
 * that follow `new URL(..., import.meta.url)` do so on their own (tried with Vite 8). Otherwise copy the file and, before the first
 * model runs, call `configureRuntime({ wasmPaths: { wasm: "/where/it/is/ort-wasm-simd-threaded.wasm" } })`. There is one thread, unless the
 * page is cross-origin isolated (headers `Cross-Origin-Opener-Policy: same-origin`, `Cross-Origin-Embedder-Policy: require-corp`).
 *
 * Compressed DICOM files (JPEG, JPEG-LS, JPEG 2000) need the codecs' WebAssembly, 4 MB, which is fetched with the first of them:
 * `dcmjs-native-codecs.wasm` in `build/` of the package dcmjs-codecs, by default from beside the page. Serve it elsewhere and call
 * `configureCodecs({ wasm: "/where/it/is/dcmjs-native-codecs.wasm" })`. A Content-Security-Policy has to allow `unsafe-eval`, by which that package
 * fetches it. Damaged files can stop or trap a codec; it runs in the thread of the caller, so decode in a worker where files are not trusted.
 *
 * @example
 * import { loadModel, segment } from "medclip-sam/browser";
 * const [weights, config, vocabulary, sam] = await Promise.all(urls.map((url) => fetch(url)));
 * const model = await loadModel({ clip: { weights, config, vocabulary }, sam });
 * const { mask } = await segment(model, { width, height, data }, "A chest X-ray showing the lungs"); // data: [H, W, 3], 0 to 255
 */
export { type CoarseMaskOptions, type CoarseMethodName, type CutMask, coarseMask, coarseMethods } from "./coarse/index.ts";
export type { Attributes } from "./dicom/attributes.ts";
export { configureCodecs } from "./dicom/codecs/browser.ts";
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
export type { ClipConfig, ClipModel } from "./models/clip/index.ts";
export type { DenseBranchConfig } from "./models/dense-branch.ts";
export type { SamConfig } from "./models/sam/index.ts";
export type { Content } from "./pipeline/models/content.ts";
export type { ClipContent, PromptableModel, TextImageModel } from "./pipeline/models/model-content.ts";
export type { ChannelImage } from "./pipeline/weak/nn-unet/images.ts";
export {
  type EnsemblePrediction,
  loadNnUnet,
  type NnUnetContent,
  type NnUnetPrediction,
  type PredictOptions,
  predict,
  predictEnsemble,
} from "./pipeline/weak/nn-unet/in-memory.ts";
export type { NnUnet } from "./pipeline/weak/nn-unet/nn-unet.ts";
export {
  loadModel,
  type Segmentation,
  type SegmentOptions,
  segment,
  segmentTargets,
  type TargetSegmentations,
  ZeroShotModel,
} from "./pipeline/zero-shot/library/in-memory.ts";
export type { PresenceCalibration } from "./pipeline/zero-shot/presence/calibration.ts";
export type { PresenceOfTarget } from "./pipeline/zero-shot/steps/found.ts";
export type { EmbedImage } from "./pipeline/zero-shot/steps/image-embedding.ts";
export type { Code } from "./results/dicom/concepts.ts";
export type { SegKind } from "./results/dicom/seg/encode-seg.ts";
export { type MadeNifti, type NiftiFromMasksOptions, niftiFromMasks } from "./results/of-masks/nifti.ts";
export { masksFromSeg, type SegMasks, type SegStructureMasks } from "./results/of-masks/read-seg.ts";
export { type MadeSeg, type SegFromMasksOptions, segFromMasks } from "./results/of-masks/seg.ts";
export type { StructureMasks } from "./results/of-masks/structures.ts";
export { configureRuntime, type WasmPaths } from "./runtime/browser.ts";
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
export { type MaskReading, type MaskRuleOptions, type MaskSamples, maskOf } from "./scans/mask-rule.ts";
export { type OpenScansOptions, openScans } from "./scans/open/in-memory.ts";
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
export {
  type BoxClamp,
  type EmptyMask,
  type PromptKind,
  type VisualPromptOptions,
  type VisualPrompts,
  visualPrompts,
} from "./visual-prompts/index.ts";
