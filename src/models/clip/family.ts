import type { EntryTable } from "../../check/config-entries.ts";
import type { Value } from "../../graph/index.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { Packing } from "../bert.ts";
import type { NameScheme, WeightsFamily } from "../name-scheme.ts";
import type { NamedWeights } from "../named-weights.ts";
import type { VitWeights } from "../vit.ts";
import type { Weights } from "../weights.ts";
import type { ClipConfig } from "./config.ts";
import type { ConfigHints } from "./config-hints.ts";

/** The text tower: a language model and a projection of its pooled token into the shared space. */
export interface TextTower {
  /** Output of each layer, [B, T, D]; the last one after the final normalisation, where there is one. */
  readonly layers: readonly Value[];
  /** Before normalisation, [B, E]. */
  readonly features: Value;
}

/** How random weights of a family are made and written. */
export interface FamilyFiles {
  /** The rules of the random weights. */
  readonly recipe: "biomedclip" | "clip";
  /** The names under which they are drawn and written. */
  readonly scheme: NameScheme;
  readonly weights: string;
  readonly config: string;
  /** The content of `config`. @param name - of the preset, or of the file of sizes */
  readonly configOf: (name: string, config: ClipConfig) => unknown;
}

/** A family of text-image models: all that differs between it and others. Its image tower is a vision transformer with a class token. */
export interface ClipFamily {
  /** Its names; the official ones begin with "visual." and "text.". */
  readonly names: WeightsFamily;
  /** How its texts are cut into tokens. */
  readonly tokenizer: "WordPiece" | "BPE";
  /** Whether a model cannot be opened without a configuration beside its weights. */
  readonly needsConfig: boolean;
  /** Entries of an `open_clip_config.json` and of a Hugging Face `config.json`. */
  readonly openClipTable: EntryTable;
  readonly huggingFaceTable: EntryTable;
  /** The configuration of a model: sizes from the shapes of its tensors, the rest from the hints. */
  configOf(weights: Weights, hints: ConfigHints): ClipConfig;
  /** What was assumed for lack of hints. */
  assumptions?(hints: ConfigHints): string[];
  /** Official names and shapes of all tensors of a model, in the order of the published file. */
  tensorsOf(config: ClipConfig): Map<string, Shape>;
  /** The image tower's weights; the table of positions as it is stored. */
  visionWeights(weights: NamedWeights, config: ClipConfig): VitWeights;
  /** Official name of the projection of the class token. */
  readonly visionProjection: string;
  /** @param ids - token ids without padding, int64 [B, T] */
  textTower(ids: Value, weights: NamedWeights, config: ClipConfig, packing?: Packing): TextTower;
  /** Sizes that can be made by name. */
  readonly presets: Readonly<Record<string, ClipConfig>>;
  readonly files: FamilyFiles;
}
