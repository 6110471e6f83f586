import type { Claim } from "../../check/config-entries.ts";
import type { Fit } from "../../image/index.ts";
import type { Activation } from "../../nn/activation.ts";
import type { ClipFamilyName } from "./config.ts";

/** What the shapes of the tensors do not determine, from the files beside the weights. */
export interface ConfigHints {
  /** The family of models that the files describe, where they tell. */
  readonly family?: ClipFamilyName;
  /** Width of the shared space: shapes give it too, but this distinguishes a damaged file from a smaller model. */
  readonly embed?: number;
  readonly visionHeads?: number;
  /** Channels of an attention head of the image tower: some files give them instead of the number of heads. */
  readonly visionHeadWidth?: number;
  readonly textHeads?: number;
  readonly visionEpsilon?: number;
  readonly textEpsilon?: number;
  readonly visionActivation?: Activation;
  readonly textActivation?: Activation;
  /** The token that ends a text. */
  readonly endToken?: number;
  readonly contextLength?: number;
  /** Subtracted from and divided into pixels in [0, 1], per channel. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** How images became squares in training. */
  readonly fit?: Fit;
  /** The language model that the text tower was made from. */
  readonly textName?: string;
  /** Sizes that the tensors must have, and the size of the images. */
  readonly claims?: readonly Claim[];
  /** Warnings about entries that are not followed. */
  readonly warnings?: readonly string[];
}
