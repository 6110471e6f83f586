export {
  gridOf,
  logitsSideOf,
  type SamConfig,
  type SamDecoderConfig,
  samConfigOf,
  samPresets,
  samTensors,
} from "./config.ts";
export { readSamConfig, readSamPreprocessor, type SamHints } from "./hints.ts";
export { type BlockLinears, type ImageEncoding, imageEncoder } from "./image-encoder.ts";
export { type MaskDecoding, maskDecoder, type TwoWayState } from "./mask-decoder.ts";
export { samFamily } from "./names.ts";
export { type PromptEncoding, type PromptInputs, type PromptSlots, promptEncoder, promptSlots, usedSlots } from "./prompt-encoder.ts";
export { quantisedLinears, type SamPrecision, samPrecisions, usablePrecision } from "./quantise.ts";
export { recognisedVariant, type SamVariantName, samVariantNames } from "./variant.ts";
