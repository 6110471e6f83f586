import type { ClipFamily } from "../family.ts";
import { openClipConfigOf } from "./config-file.ts";
import { huggingFaceTable, openClipTable } from "./config-table.ts";
import { biomedClipNames, openClip } from "./names.ts";
import { biomedClipConfigOf, biomedClipPresets, biomedClipTensors } from "./sizes.ts";
import { biomedClipText, biomedClipVision } from "./towers.ts";

/**
 * A vision transformer of timm and a BERT: BiomedCLIP and its fine-tunes.
 *
 * @see Zhang et al. 2023, arXiv:2303.00915
 */
export const biomedClip: ClipFamily = {
  names: biomedClipNames,
  tokenizer: "WordPiece",
  needsConfig: true,
  openClipTable,
  huggingFaceTable,
  configOf: biomedClipConfigOf,
  tensorsOf: biomedClipTensors,
  visionWeights: biomedClipVision,
  visionProjection: "visual.head.proj",
  textTower: biomedClipText,
  presets: biomedClipPresets,
  files: {
    recipe: "biomedclip",
    scheme: openClip,
    weights: "open_clip_model.safetensors",
    config: "open_clip_config.json",
    configOf: openClipConfigOf,
  },
};
