import { checkClaims } from "../../check/config-entries.ts";
import { ConfigError, WeightsError } from "../../errors.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { BertConfig } from "../bert.ts";
import { type DenseBranchConfig, denseBranchOf, denseBranchTensors } from "../dense-branch.ts";
import { gridOf, type VitConfig } from "../vit.ts";
import type { Weights } from "../weights.ts";
import type { ConfigHints } from "./hints.ts";

/** Sizes of a BiomedCLIP model and how its images are normalised. */
export interface ClipConfig {
  readonly vision: VitConfig;
  /** Convolutional branch that gives features on a finer grid; published models have none. */
  readonly dense?: DenseBranchConfig | undefined;
  readonly text: BertConfig;
  /** Width of the shared space. */
  readonly embed: number;
  /** Width inside the two-layer projection of the text. */
  readonly textProjection: number;
  /** Longest text in tokens; longer ones are cut. */
  readonly contextLength: number;
  /** Subtracted from and divided into pixels in [0, 1], per channel. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** What the names of the convolutional branch's tensors begin with. */
export const denseRoot = "visual.dense";

/** OpenAI's normalisation of pixels, which BiomedCLIP shares. */
const clipMean = [0.48145466, 0.4578275, 0.40821073] as const;
const clipStd = [0.26862954, 0.26130258, 0.27577711] as const;

/**
 * The configuration of a model: sizes from the shapes of its tensors, the rest from the hints, else heads 64 wide.
 *
 * A size is read from whichever tensor tells it, so that all problems of a damaged file can be listed, not just the first.
 */
export function clipConfigOf(weights: Weights, hints: ConfigHints): ClipConfig {
  const length = lengthReader(weights);
  const width = length(["visual.trunk.cls_token", -1], ["visual.trunk.pos_embed", -1], ["visual.trunk.norm.weight", 0]);
  const patch = weights.has("visual.trunk.patch_embed.proj.weight") ? length(["visual.trunk.patch_embed.proj.weight", 2]) : 16;
  const tokens = weights.has("visual.trunk.pos_embed") ? length(["visual.trunk.pos_embed", -2]) : 197;
  const words = "text.transformer.embeddings";
  const layer = "text.transformer.encoder.layer.0";
  const textWidth = length(
    [`${words}.word_embeddings.weight`, 1],
    [`${words}.LayerNorm.weight`, 0],
    [`${layer}.output.LayerNorm.weight`, 0],
  );
  const vocabulary = weights.has(`${words}.word_embeddings.weight`) ? length([`${words}.word_embeddings.weight`, 0]) : 30522;
  const positions = weights.has(`${words}.position_embeddings.weight`) ? length([`${words}.position_embeddings.weight`, 0]) : 512;
  const heads = (given: number | undefined, of: number, tower: string) => {
    const count = given ?? of / 64;
    if (!Number.isInteger(count) || of % count !== 0) {
      throw new ConfigError(
        `"${weights.file}": the ${tower} tower is ${of} wide, which ${given ? `${given} heads do not divide` : "is not a multiple of 64, and no configuration names its heads"}. Give a configuration with head counts (--clip-config FILE).`,
      );
    }
    return count;
  };
  const dense = denseBranchOf(denseRoot, weights);
  const config: ClipConfig = {
    ...(dense && { dense }),
    vision: {
      imageSize: Math.round(Math.sqrt(tokens - 1)) * patch,
      patch,
      width,
      depth: countBlocks(weights, (i) => [`visual.trunk.blocks.${i}.norm1.weight`, `visual.trunk.blocks.${i}.mlp.fc2.weight`]),
      heads: heads(hints.visionHeads, width, "image"),
      inner: length(
        ["visual.trunk.blocks.0.mlp.fc1.weight", 0],
        ["visual.trunk.blocks.0.mlp.fc1.bias", 0],
        ["visual.trunk.blocks.0.mlp.fc2.weight", 1],
      ),
      epsilon: hints.visionEpsilon ?? 1e-6,
    },
    text: {
      width: textWidth,
      depth: countBlocks(weights, (i) => [
        `text.transformer.encoder.layer.${i}.attention.output.LayerNorm.weight`,
        `text.transformer.encoder.layer.${i}.output.dense.weight`,
      ]),
      heads: heads(hints.textHeads, textWidth, "text"),
      inner: length(
        [`${layer}.intermediate.dense.weight`, 0],
        [`${layer}.intermediate.dense.bias`, 0],
        [`${layer}.output.dense.weight`, 1],
      ),
      vocabulary,
      positions,
      epsilon: hints.textEpsilon ?? 1e-12,
    },
    embed: hints.embed ?? length(["visual.head.proj.weight", 0], ["text.proj.2.weight", 0]),
    textProjection: length(["text.proj.0.weight", 0], ["text.proj.2.weight", 1]),
    contextLength: Math.min(hints.contextLength ?? 256, positions),
    mean: (hints.mean ?? clipMean) as [number, number, number],
    std: (hints.std ?? clipStd) as [number, number, number],
  };
  checkNormalisation(config, weights.file);
  checkClaims(hints.claims ?? [], config, weights.file, "Give the model's own (--clip-config FILE).");
  return config;
}

/** @throws ConfigError when the mean or the deviation cannot be that of pixels in [0, 1] */
function checkNormalisation({ mean, std }: ClipConfig, file: string): void {
  const check = (values: readonly number[], what: string, isPossible: (value: number) => boolean, range: string) => {
    if (values.length === 3 && values.every(isPossible)) return;
    throw new ConfigError(
      `"${file}": its configuration gives [${values.join(", ")}] as the ${what} of the pixels, expected three values ${range}, as pixels are in [0, 1]. Divide values for pixels in [0, 255] by 255.`,
    );
  };
  check(mean, "mean", (value) => value >= 0 && value <= 1, "from 0 to 1");
  check(std, "standard deviation", (value) => value >= leastStd && value <= 1, `from ${leastStd} to 1`);
}

/** Less than a quarter of a gray level: no images have so little contrast. */
const leastStd = 0.001;

/** Features along a side of the finest grid that the model gives: of its convolutional branch, else of its patches. */
export function outputGrid({ vision, dense }: ClipConfig): number {
  return dense ? Math.floor(vision.imageSize / dense.stride) : gridOf(vision);
}

/** Reads a length from the first of several tensors that the file has; the last one's absence is the error. */
function lengthReader(weights: Weights) {
  return (...places: readonly (readonly [name: string, axis: number])[]): number => {
    const [name, axis] = places.find(([candidate]) => weights.has(candidate)) ?? places[0]!;
    const found = weights.shapeOf(name).at(axis);
    if (found === undefined)
      throw new WeightsError(`"${weights.file}": "${name}" is [${weights.shapeOf(name)}], which is not a valid shape for this tensor.`);
    return found;
  };
}

/** Blocks counted by the names that each of them has: one is enough. */
function countBlocks(weights: Weights, names: (i: number) => readonly string[]): number {
  let count = 0;
  while (names(count).some((name) => weights.has(name))) count++;
  return count;
}

/** Names (open_clip's) and shapes of all tensors of a model, in the order of the published file. */
export function clipTensors(config: ClipConfig): Map<string, Shape> {
  const { vision, dense, text, embed, textProjection } = config;
  const tensors = new Map<string, Shape>([["logit_scale", []]]);
  const linear = (name: string, out: number, inner: number, bias = true) => {
    tensors.set(`${name}.weight`, [out, inner]);
    if (bias) tensors.set(`${name}.bias`, [out]);
  };
  const norm = (name: string, width: number) => {
    tensors.set(`${name}.weight`, [width]);
    tensors.set(`${name}.bias`, [width]);
  };
  const trunk = "visual.trunk";
  tensors.set(`${trunk}.cls_token`, [1, 1, vision.width]);
  tensors.set(`${trunk}.pos_embed`, [1, gridOf(vision) ** 2 + 1, vision.width]);
  tensors.set(`${trunk}.patch_embed.proj.weight`, [vision.width, 3, vision.patch, vision.patch]);
  tensors.set(`${trunk}.patch_embed.proj.bias`, [vision.width]);
  for (let i = 0; i < vision.depth; i++) {
    const block = `${trunk}.blocks.${i}`;
    norm(`${block}.norm1`, vision.width);
    linear(`${block}.attn.qkv`, 3 * vision.width, vision.width);
    linear(`${block}.attn.proj`, vision.width, vision.width);
    norm(`${block}.norm2`, vision.width);
    linear(`${block}.mlp.fc1`, vision.inner, vision.width);
    linear(`${block}.mlp.fc2`, vision.width, vision.inner);
  }
  norm(`${trunk}.norm`, vision.width);
  linear("visual.head.proj", embed, vision.width, false);
  if (dense) for (const [name, shape] of denseBranchTensors(denseRoot, dense, vision.width, embed)) tensors.set(name, shape);
  const embeddings = "text.transformer.embeddings";
  tensors.set(`${embeddings}.word_embeddings.weight`, [text.vocabulary, text.width]);
  tensors.set(`${embeddings}.position_embeddings.weight`, [text.positions, text.width]);
  tensors.set(`${embeddings}.token_type_embeddings.weight`, [2, text.width]);
  norm(`${embeddings}.LayerNorm`, text.width);
  for (let i = 0; i < text.depth; i++) {
    const layer = `text.transformer.encoder.layer.${i}`;
    for (const name of ["query", "key", "value"]) linear(`${layer}.attention.self.${name}`, text.width, text.width);
    linear(`${layer}.attention.output.dense`, text.width, text.width);
    norm(`${layer}.attention.output.LayerNorm`, text.width);
    linear(`${layer}.intermediate.dense`, text.inner, text.width);
    linear(`${layer}.output.dense`, text.width, text.inner);
    norm(`${layer}.output.LayerNorm`, text.width);
  }
  linear("text.proj.0", textProjection, text.width, false);
  linear("text.proj.2", embed, textProjection, false);
  return tensors;
}

const preset = (
  vision: Omit<VitConfig, "imageSize" | "patch" | "epsilon">,
  text: Omit<BertConfig, "positions" | "epsilon">,
  embed: number,
  textProjection: number,
): ClipConfig => ({
  vision: { imageSize: 224, patch: 16, epsilon: 1e-6, ...vision },
  text: { positions: 512, epsilon: 1e-12, ...text },
  embed,
  textProjection,
  contextLength: 256,
  mean: clipMean,
  std: clipStd,
});

/** Sizes that can be made by name: the published model, and a small one for tests and demonstrations. */
export const clipPresets: Readonly<Record<string, ClipConfig>> = {
  biomedclip: preset(
    { width: 768, depth: 12, heads: 12, inner: 3072 },
    { width: 768, depth: 12, heads: 12, inner: 3072, vocabulary: 30522 },
    512,
    640,
  ),
  "biomedclip-tiny": preset(
    { width: 96, depth: 12, heads: 4, inner: 384 },
    { width: 64, depth: 4, heads: 4, inner: 128, vocabulary: 30522 },
    64,
    64,
  ),
};
