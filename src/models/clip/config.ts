import type { Activation } from "../../nn/activation.ts";
import type { BertConfig } from "../bert.ts";
import type { DenseBranchConfig } from "../dense-branch.ts";
import { gridOf, type VitConfig } from "../vit.ts";

/** The families of text-image models, by the names in `clipFamilies`. */
export type ClipFamilyName = "biomedclip" | "openai";

/** Sizes of a text tower. */
export interface ClipTextConfig extends BertConfig {
  /** Between the two layers of an MLP. */
  readonly activation: Activation;
  /** The token that ends a text, where its state is the text's feature; without it that of the first token is. */
  readonly endToken?: number | undefined;
}

/** Sizes of a text-image model and how its images are normalised. */
export interface ClipConfig {
  readonly family: ClipFamilyName;
  readonly vision: VitConfig;
  /** Convolutional branch that gives features on a finer grid; published models have none. */
  readonly dense?: DenseBranchConfig | undefined;
  readonly text: ClipTextConfig;
  /** Width of the shared space. */
  readonly embed: number;
  /** Width inside the projection of the text, where it has two layers. */
  readonly textProjection?: number | undefined;
  /** Longest text in tokens; longer ones are cut. */
  readonly contextLength: number;
  /** Subtracted from and divided into pixels in [0, 1], per channel. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** OpenAI's normalisation of pixels, which most models share. */
export const clipMean = [0.48145466, 0.4578275, 0.40821073] as const;
export const clipStd = [0.26862954, 0.26130258, 0.27577711] as const;

/** A model with another number of words; the last one ends a text, where the model reads the end. */
export function withVocabulary(config: ClipConfig, vocabulary: number): ClipConfig {
  const { endToken } = config.text;
  return { ...config, text: { ...config.text, vocabulary, ...(endToken !== undefined && { endToken: vocabulary - 1 }) } };
}

/** Features along a side of the finest grid that the model gives: of its convolutional branch, else of its patches. */
export function outputGrid({ vision, dense }: ClipConfig): number {
  return dense ? Math.floor(vision.imageSize / dense.stride) : gridOf(vision);
}

/** Patches along a side in the table of positions. */
export function positionGridOf(vision: VitConfig): number {
  return vision.positionGrid ?? gridOf(vision);
}
