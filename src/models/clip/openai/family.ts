import type { ClipFamily } from "../family.ts";
import { huggingFaceConfigOf } from "./config-file.ts";
import { huggingFaceTable, openClipTable } from "./config-table.ts";
import { huggingFace, openAiNames } from "./names.ts";
import { openAiAssumptions, openAiConfigOf, openAiPresets, openAiTensors } from "./sizes.ts";
import { openAiText, openAiVision } from "./towers.ts";

/**
 * OpenAI's CLIP with vision transformers, and models of the same shape that open_clip trained.
 *
 * @see Radford et al. 2021, arXiv:2103.00020
 */
export const openAi: ClipFamily = {
  names: openAiNames,
  tokenizer: "BPE",
  needsConfig: false,
  openClipTable,
  huggingFaceTable,
  configOf: openAiConfigOf,
  assumptions: openAiAssumptions,
  tensorsOf: openAiTensors,
  visionWeights: openAiVision,
  visionProjection: "visual.proj",
  textTower: openAiText,
  presets: openAiPresets,
  files: {
    recipe: "clip",
    scheme: huggingFace,
    weights: "model.safetensors",
    config: "config.json",
    configOf: huggingFaceConfigOf,
  },
};
