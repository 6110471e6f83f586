import { z } from "zod";
import { compile, exp, flopsOf, gradients, input, mul, reduceMean, reshape, slice, type Value } from "../graph/index.ts";
import { bilinear, rangeOf } from "../image/index.ts";
import { keysOf } from "../keys-of.ts";
import { type ClipModel, type VisionTower, visionTower } from "../models/clip/index.ts";
import { gridOf } from "../models/vit.ts";
import { cosineSimilarity } from "../nn/index.ts";
import { SharedSession } from "../runtime/shared-session.ts";
import { cosine } from "../tensor/cosine.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { thenDispose } from "../then-dispose.ts";
import { towerOf } from "./_image-part.ts";
import { saliencyMethod } from "./saliency-method.ts";

/** Masked images that go through the tower at once: more take more memory and no less time per image. */
const imagesAtOnce = 10;

/** What is taken from the last block: the activations A of all tokens, [1, T, D], and the gradient that ranks channels. */
interface CamPlace {
  readonly activations: Value;
  /** Some tokens [1, n, D], by whose gradient of the score channels are ranked: the mean over `from` on. */
  readonly ranking: { readonly at: Value; readonly from: number };
}

const camPlaces = {
  norm1({ inside }) {
    const { norm1 } = inside.at(-1)!;
    return { activations: norm1, ranking: { at: norm1, from: 1 } };
  },
  "norm2-class"({ inside, classInside }) {
    return { activations: inside.at(-1)!.norm2, ranking: { at: classInside.norm2, from: 0 } };
  },
} as const satisfies Record<string, (tower: VisionTower) => CamPlace>;

interface GScoreCamConfig {
  /** k: the most channels whose maps mask the image. */
  readonly channels: number;
  /** Where in the last block. */
  readonly camAt: keyof typeof camPlaces;
}

/** What gScoreCAM found for one image and text. */
export interface GScoreCamResult {
  /** The channels with the largest gradients, descending; ties by their number. */
  readonly channels: readonly number[];
  /** The score of the image masked with each of these. */
  readonly scores: readonly number[];
  /** [D] of all channels; they sum to 1. */
  readonly weights: Float64Array;
  /** [g · g] the weighted sum of all channels, which may be negative. */
  readonly raw: Float32Array;
}

/** Computes gScoreCAM on one model. It holds sessions: call `dispose` when done. */
export class GScoreCam {
  private readonly model: ClipModel;
  private readonly config: GScoreCamConfig;
  /** Features by channel of the masked images of one image, which is named by its pixels: they are the same for every text. */
  private readonly known = new WeakMap<Tensor, Map<number, Float32Array>>();
  private readonly gradient = new SharedSession(() => compile(this.gradientGraph(), this.model.options));
  private readonly masked = new SharedSession(() => compile({ features: this.maskedGraph() }, this.model.options));

  constructor(model: ClipModel, config: GScoreCamConfig) {
    this.model = model;
    this.config = config;
  }

  /** Channels whose maps mask the image: the model may have fewer than are asked for. */
  private get count(): number {
    return Math.min(this.config.channels, this.model.config.vision.width);
  }

  /**
   * @param pixels - normalised, [1, 3, S, S]
   * @param text - [E] features of the text; only their direction matters
   */
  async attribute(pixels: Tensor, text: Float32Array): Promise<GScoreCamResult> {
    const feeds = { pixels, text: tensor("float32", [1, text.length], new Float32Array(text)) };
    const run = await this.gradient.use((session) => session.run(feeds));
    const [activations, importance, scale] = ["activations", "importance", "scale"].map((name) => run[name]!.data as Float32Array);
    const channels = largest(importance!, this.count);
    const features = await this.maskedFeatures(pixels, activations!, channels);
    const scores = channels.map((channel) => scale![0]! * cosine(text, features.get(channel)!) || 0); // NaN counts as 0
    const weights = softmaxOf(importance!.length, channels, scores);
    const raw = Float32Array.from({ length: activations!.length / weights.length }, (_, patch) =>
      weights.reduce((sum, weight, channel) => sum + weight * activations![patch * weights.length + channel]!, 0),
    );
    return { channels, scores, weights, raw };
  }

  /** Operations for a text, if none of its channels is known from another one. */
  flops(): number {
    return flopsOf(Object.values(this.gradientGraph())) + (flopsOf([this.maskedGraph()]) / imagesAtOnce) * this.count;
  }

  async dispose(): Promise<void> {
    await thenDispose(() => this.gradient.dispose(), this.masked);
  }

  /** Features [E] of the image masked with each channel's map. @param activations - [N, D] */
  private async maskedFeatures(pixels: Tensor, activations: Float32Array, channels: readonly number[]) {
    const { imageSize: side, width } = this.model.config.vision;
    const found = this.known.get(pixels) ?? new Map<number, Float32Array>();
    this.known.set(pixels, found);
    const missing = channels.filter((channel) => !found.has(channel));
    for (let start = 0; start < missing.length; start += imagesAtOnce) {
      const some = missing.slice(start, start + imagesAtOnce);
      const masks = new Float32Array(imagesAtOnce * side ** 2); // a last batch is filled up with black images
      for (const [i, channel] of some.entries()) masks.set(maskOf(activations, channel, width, side), i * side ** 2);
      const feeds = { pixels, masks: tensor("float32", [imagesAtOnce, 1, side, side], masks) };
      const { features } = await this.masked.use((session) => session.run(feeds));
      const embed = features!.shape[1]!;
      for (const [i, channel] of some.entries()) found.set(channel, (features!.data as Float32Array).slice(i * embed, (i + 1) * embed));
    }
    return found;
  }

  private gradientGraph(): Record<"activations" | "importance" | "scale", Value> {
    const { weights, config } = this.model;
    const tower = towerOf(this.model, 1);
    const { activations, ranking } = camPlaces[this.config.camAt](tower);
    const scale = exp(weights.get("logit_scale", []));
    const score = mul(scale, cosineSimilarity(input("text", "float32", [1, config.embed]), tower.features)); // [1]
    const [gradient] = gradients(score, [ranking.at]) as [Value]; // [1, n, D]
    return {
      activations: slice(activations, 1, 1, activations.shape[1]!), // of the patches, [1, N, D]
      importance: reduceMean(slice(gradient, 1, ranking.from, gradient.shape[1]!), [0, 1]), // [D]
      scale: reshape(scale, [1]),
    };
  }

  /** Features [B, E] of the pixels times each of B masks. */
  private maskedGraph(): Value {
    const { weights, config } = this.model;
    const { imageSize: side } = config.vision;
    const pixels = input("pixels", "float32", [1, 3, side, side]);
    const masks = input("masks", "float32", [imagesAtOnce, 1, side, side]);
    return visionTower(mul(pixels, masks), weights, config).features;
  }
}

/**
 * gScoreCAM: channels weighted by how well the image still fits the text where only they are active.
 *
 *   s(I) = exp(logit scale) · cos(text, image I)
 *   A = LN₁ of the last block at the patches [N, D],   C = the k channels with the largest mean over the patches of ∂s/∂A
 *   m_c = A_c, bilinear to the image with its corners on the corners, stretched to [0, 1]
 *   w = softmax over all D channels of (s(m_c · image) for c in C, 0 for the others)
 *   value = max(0, Σ w A)                                                  summed over the channels
 *
 * Scores are logits (cosines times 85), so a few channels often take all the weight; where all scores are negative, the channels that
 * were not tried dominate. It costs k passes of the image tower; those of a channel serve every text of the image.
 *
 * `camAt: "norm2-class"` takes A = LN₂ of the last block, and ranks channels by ∂s/∂A at the class token.
 *
 * @see Chen et al. 2022, "gScoreCAM: What objects is CLIP looking at?", ACCV 2022
 * @remarks MedCLIP-SAM v1 takes LN₂ and the gradient's mean over the patches. That gradient is exactly zero, as the class token has read
 *   the patches by then, so its k channels are arbitrary; this form is not offered.
 */
export const gscorecam = saliencyMethod({
  settings: z.strictObject({
    channels: z
      .number()
      .int()
      .positive()
      .default(300)
      .describe("k, channels with the largest gradients, each of which masks the image for one pass of the image tower"),
    camAt: z
      .enum(keysOf(camPlaces))
      .default("norm1")
      .describe(
        "where in the last block: norm1 (gradient of the patches at its first normalisation), or norm2-class (of the class token at its second)",
      ),
  }),
  drawsNoise: false,
  open(model, { channels, camAt }) {
    const { vision } = model.config;
    const method = new GScoreCam(model, { channels, camAt });
    return {
      layer: vision.depth - 1,
      grid: gridOf(vision),
      warnings: [],
      hiddenTokens: async (view) => model.normalised(view),
      attribute: async (pixels, text) => (await method.attribute(pixels, text)).raw.map((value) => Math.max(0, value)),
      flops: () => ({ image: 0, text: method.flops() }),
      dispose: () => method.dispose(),
    };
  },
  /** Ten images at once: 0.49 and 0.46 GB more than patch-text were measured. */
  memory: () => ({ prepacked: 1390, smallest: 1350 }),
});

/** The indices of the largest values, descending; ties by index. */
function largest(values: Float32Array, count: number): number[] {
  return [...values.keys()].sort((i, j) => values[j]! - values[i]! || i - j).slice(0, count);
}

/** A channel's activations on the grid of patches as a mask of the image, [side · side] in [0, 1]. @param activations - [N, D] */
function maskOf(activations: Float32Array, channel: number, width: number, side: number): Float32Array {
  const grid = Math.sqrt(activations.length / width);
  const data = Float32Array.from({ length: grid ** 2 }, (_, patch) => activations[patch * width + channel]!);
  const map = bilinear({ width: grid, height: grid, data }, { width: side, height: side }, undefined, { alignCorners: true });
  const [least, most] = rangeOf(map.data);
  return map.data.map((value) => (value - least) / (most - least + 1e-6));
}

/** The softmax over a number of channels, of which some have scores and the others 0. */
function softmaxOf(count: number, channels: readonly number[], scores: readonly number[]): Float64Array {
  const logits = new Float64Array(count);
  for (const [i, channel] of channels.entries()) logits[channel] = scores[i]!;
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
