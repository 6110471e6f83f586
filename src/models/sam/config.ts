import { checkClaims } from "../../check/config-entries.ts";
import { WeightsError } from "../../errors.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { Weights } from "../weights.ts";
import type { SamHints } from "./hints.ts";
import { adapterMarker, recognisedVariant, type SamVariantName } from "./variant.ts";

/** Sizes of a Segment Anything model: a ViT image encoder, a prompt encoder and a two-way transformer as mask decoder. */
export interface SamConfig {
  /** How images become its input. */
  readonly variant: SamVariantName;
  /** Side of the square input in pixels; longer images are scaled down, shorter ones up. */
  readonly imageSize: number;
  /** Side of a patch in pixels, so the encoder sees imageSize / patch tokens a side. */
  readonly patch: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Blocks (from 0) whose tokens attend to the whole image; all others attend within windows. */
  readonly globalBlocks: readonly number[];
  /** Side of a window in tokens. */
  readonly window: number;
  readonly mlpWidth: number;
  /** Hidden width of the adapter in each block; absent where blocks have none. */
  readonly adapterWidth?: number;
  /** Channels C of the image embedding, which is also the width of prompts and decoder. */
  readonly outChannels: number;
  /** Channels of a mask prompt before it is brought to `outChannels`. */
  readonly maskChannels: number;
  readonly decoder: SamDecoderConfig;
}

/** Sizes of the mask decoder. */
export interface SamDecoderConfig {
  readonly depth: number;
  readonly heads: number;
  /** Width inside the attentions between tokens and image. */
  readonly innerWidth: number;
  readonly mlpWidth: number;
  /** Masks predicted at once: the first is the single-mask output, the others are the candidate masks (multimask output). */
  readonly masks: number;
  /** Width of the hidden layers of the head that predicts the IoU of each mask. */
  readonly iouWidth: number;
}

/** Side of the image embedding in tokens. */
export function gridOf({ imageSize, patch }: SamConfig): number {
  return imageSize / patch;
}

/** Side of the mask logits, and of a mask prompt: the decoder doubles the grid twice. */
export function logitsSideOf(config: SamConfig): number {
  return gridOf(config) * 4;
}

/** No tensor tells how many heads the decoder has; every published model has eight. */
const DECODER_HEADS = 8;

const common = {
  variant: "sam",
  imageSize: 1024,
  patch: 16,
  window: 14,
  outChannels: 256,
  maskChannels: 16,
  decoder: { depth: 2, heads: DECODER_HEADS, innerWidth: 128, mlpWidth: 2048, masks: 4, iouWidth: 256 },
} as const;

const vitB = { ...common, width: 768, depth: 12, heads: 12, mlpWidth: 3072, globalBlocks: [2, 5, 8, 11] };
const tiny = { ...common, width: 64, depth: 4, heads: 4, mlpWidth: 256, globalBlocks: [1, 3] };
const med2d = { variant: "sam-med2d", imageSize: 256 } as const;

/** The published models, and such as have an image encoder small enough for tests (their decoder has the true size). */
export const samPresets: Readonly<Record<string, SamConfig>> = {
  "sam-vit-b": vitB,
  "sam-vit-l": { ...common, width: 1024, depth: 24, heads: 16, mlpWidth: 4096, globalBlocks: [5, 11, 17, 23] },
  "sam-vit-h": { ...common, width: 1280, depth: 32, heads: 16, mlpWidth: 5120, globalBlocks: [7, 15, 23, 31] },
  "sam-tiny": tiny,
  "medsam-vit-b": { ...vitB, variant: "medsam" },
  "medsam-tiny": { ...tiny, variant: "medsam" },
  "sam-med2d-b": { ...vitB, ...med2d, adapterWidth: 192 },
  "sam-med2d-tiny": { ...tiny, ...med2d, adapterWidth: 16 },
};

/**
 * Reads all sizes from the shapes of the tensors. The tables of relative positions say most: their columns are the width of a
 * head, and a table as long as the whole grid needs belongs to a global block.
 *
 * @param hints - of the files beside the weights, which may say the same sizes
 * @throws WeightsError when tensors are missing or their shapes contradict one another; ConfigError when the hints contradict them
 */
export function samConfigOf(weights: Weights, hints: SamHints = {}): SamConfig {
  const axis = (name: string, index: number): number => {
    const length = weights.shapeOf(name)[index];
    if (length === undefined) throw new WeightsError(`"${weights.file}": "${name}" is [${weights.shapeOf(name)}], which has too few axes`);
    return length;
  };
  const count = (block: string): number => {
    let blocks = 0;
    while (weights.has(`${block}.${blocks}.norm1.weight`)) blocks++;
    return blocks;
  };
  const grid = axis("image_encoder.pos_embed", 1);
  const width = axis("image_encoder.pos_embed", 3);
  const patch = axis("image_encoder.patch_embed.proj.weight", 2);
  const depth = count("image_encoder.blocks");
  const rows = Array.from({ length: depth }, (_, i) => axis(`image_encoder.blocks.${i}.attn.rel_pos_h`, 0));
  const windowed = rows.find((length) => length !== 2 * grid - 1);
  const heads = width / axis("image_encoder.blocks.0.attn.rel_pos_h", 1);
  if (!Number.isInteger(heads)) {
    throw new WeightsError(
      `"${weights.file}": the width ${width} is not a multiple of the head width in "image_encoder.blocks.0.attn.rel_pos_h"`,
    );
  }
  const config: SamConfig = {
    variant: recognisedVariant(weights, hints).variant,
    imageSize: grid * patch,
    patch,
    width,
    depth,
    heads,
    globalBlocks: rows.flatMap((length, i) => (length === windowed ? [] : [i])),
    window: windowed === undefined ? common.window : (windowed + 1) / 2,
    mlpWidth: axis("image_encoder.blocks.0.mlp.lin1.weight", 0),
    ...(weights.has(adapterMarker) && { adapterWidth: axis("image_encoder.blocks.0.Adapter.channel.0.weight", 0) }),
    outChannels: axis("image_encoder.neck.0.weight", 0),
    maskChannels: axis("prompt_encoder.mask_downscaling.3.weight", 0),
    decoder: {
      depth: count("mask_decoder.transformer.layers"),
      heads: DECODER_HEADS,
      innerWidth: axis("mask_decoder.transformer.final_attn_token_to_image.q_proj.weight", 0),
      mlpWidth: axis("mask_decoder.transformer.layers.0.mlp.lin1.weight", 0),
      masks: axis("mask_decoder.mask_tokens.weight", 0),
      iouWidth: axis("mask_decoder.iou_prediction_head.layers.0.weight", 0),
    },
  };
  checkClaims(hints.claims ?? [], config, weights.file, "Put the model's own beside it.");
  return config;
}

/** Every tensor of a model by its official name, in the order of the official files. */
export function samTensors(config: SamConfig): Map<string, Shape> {
  return new Map([...imageEncoderTensors(config), ...promptEncoderTensors(config), ...maskDecoderTensors(config)]);
}

type Named = readonly [name: string, shape: Shape];

const linearOf = (name: string, from: number, to: number): Named[] => [
  [`${name}.weight`, [to, from]],
  [`${name}.bias`, [to]],
];
const normOf = (name: string, width: number): Named[] => [
  [`${name}.weight`, [width]],
  [`${name}.bias`, [width]],
];

function imageEncoderTensors(config: SamConfig): Named[] {
  const { patch, width, depth, heads, window, globalBlocks, mlpWidth, adapterWidth, outChannels } = config;
  const grid = gridOf(config);
  const blocks = Array.from({ length: depth }, (_, i): Named[] => {
    const block = `image_encoder.blocks.${i}`;
    const table = [2 * (globalBlocks.includes(i) ? grid : window) - 1, width / heads];
    return [
      ...normOf(`${block}.norm1`, width),
      [`${block}.attn.rel_pos_h`, table],
      [`${block}.attn.rel_pos_w`, table],
      ...linearOf(`${block}.attn.qkv`, width, 3 * width),
      ...linearOf(`${block}.attn.proj`, width, width),
      ...normOf(`${block}.norm2`, width),
      ...linearOf(`${block}.mlp.lin1`, width, mlpWidth),
      ...linearOf(`${block}.mlp.lin2`, mlpWidth, width),
      ...(adapterWidth === undefined ? [] : adapterTensors(`${block}.Adapter`, width, adapterWidth)),
    ];
  });
  return [
    ["image_encoder.pos_embed", [1, grid, grid, width]],
    ["image_encoder.patch_embed.proj.weight", [width, 3, patch, patch]],
    ["image_encoder.patch_embed.proj.bias", [width]],
    ...blocks.flat(),
    ["image_encoder.neck.0.weight", [outChannels, width, 1, 1]],
    ...normOf("image_encoder.neck.1", outChannels),
    ["image_encoder.neck.2.weight", [outChannels, outChannels, 3, 3]],
    ...normOf("image_encoder.neck.3", outChannels),
  ];
}

const adapterTensors = (name: string, width: number, hidden: number): Named[] => [
  ...normOf(`${name}.norm`, width),
  [`${name}.channel.0.weight`, [hidden, width]],
  [`${name}.channel.2.weight`, [width, hidden]],
  [`${name}.spatial.0.weight`, [width, width, 3, 3]],
  [`${name}.spatial.2.weight`, [width, width, 4, 4]],
];

function promptEncoderTensors({ outChannels, maskChannels }: SamConfig): Named[] {
  const first = maskChannels / 4;
  const down = "prompt_encoder.mask_downscaling";
  return [
    ["prompt_encoder.pe_layer.positional_encoding_gaussian_matrix", [2, outChannels / 2]],
    ...[0, 1, 2, 3].map((i): Named => [`prompt_encoder.point_embeddings.${i}.weight`, [1, outChannels]]),
    ["prompt_encoder.not_a_point_embed.weight", [1, outChannels]],
    [`${down}.0.weight`, [first, 1, 2, 2]],
    [`${down}.0.bias`, [first]],
    ...normOf(`${down}.1`, first),
    [`${down}.3.weight`, [maskChannels, first, 2, 2]],
    [`${down}.3.bias`, [maskChannels]],
    ...normOf(`${down}.4`, maskChannels),
    [`${down}.6.weight`, [outChannels, maskChannels, 1, 1]],
    [`${down}.6.bias`, [outChannels]],
    ["prompt_encoder.no_mask_embed.weight", [1, outChannels]],
  ];
}

function maskDecoderTensors({ outChannels: width, decoder }: SamConfig): Named[] {
  const attention = (name: string, inner: number): Named[] => [
    ...linearOf(`${name}.q_proj`, width, inner),
    ...linearOf(`${name}.k_proj`, width, inner),
    ...linearOf(`${name}.v_proj`, width, inner),
    ...linearOf(`${name}.out_proj`, inner, width),
  ];
  const head = (name: string, hidden: number, out: number): Named[] => [
    ...linearOf(`${name}.layers.0`, width, hidden),
    ...linearOf(`${name}.layers.1`, hidden, hidden),
    ...linearOf(`${name}.layers.2`, hidden, out),
  ];
  const transformer = "mask_decoder.transformer";
  const layers = Array.from({ length: decoder.depth }, (_, i): Named[] => {
    const layer = `${transformer}.layers.${i}`;
    return [
      ...attention(`${layer}.self_attn`, width),
      ...normOf(`${layer}.norm1`, width),
      ...attention(`${layer}.cross_attn_token_to_image`, decoder.innerWidth),
      ...normOf(`${layer}.norm2`, width),
      ...linearOf(`${layer}.mlp.lin1`, width, decoder.mlpWidth),
      ...linearOf(`${layer}.mlp.lin2`, decoder.mlpWidth, width),
      ...normOf(`${layer}.norm3`, width),
      ...normOf(`${layer}.norm4`, width),
      ...attention(`${layer}.cross_attn_image_to_token`, decoder.innerWidth),
    ];
  });
  const up = "mask_decoder.output_upscaling";
  return [
    ...layers.flat(),
    ...attention(`${transformer}.final_attn_token_to_image`, decoder.innerWidth),
    ...normOf(`${transformer}.norm_final_attn`, width),
    ["mask_decoder.iou_token.weight", [1, width]],
    ["mask_decoder.mask_tokens.weight", [decoder.masks, width]],
    [`${up}.0.weight`, [width, width / 4, 2, 2]],
    [`${up}.0.bias`, [width / 4]],
    ...normOf(`${up}.1`, width / 4),
    [`${up}.3.weight`, [width / 4, width / 8, 2, 2]],
    [`${up}.3.bias`, [width / 8]],
    ...Array.from({ length: decoder.masks }, (_, i) => head(`mask_decoder.output_hypernetworks_mlps.${i}`, width, width / 8)).flat(),
    ...head("mask_decoder.iou_prediction_head", decoder.iouWidth, decoder.masks),
  ];
}
