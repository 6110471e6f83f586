import { z } from "zod";
import { ConfigError, ShapeError } from "../errors.ts";
import {
  add,
  compile,
  concat,
  expand,
  flopsOf,
  gather,
  gradients,
  input,
  loop,
  mul,
  neg,
  reduceMean,
  reduceSum,
  reshape,
  scalar,
  sigmoid,
  softplus,
  sub,
  substitute,
  type Value,
} from "../graph/index.ts";
import type { Image } from "../image/types.ts";
import { type BiomedClip, projectClassToken, visionTower, visionWeights } from "../models/biomedclip/index.ts";
import { poolClassToken } from "../models/vit.ts";
import { cosineSimilarity } from "../nn/index.ts";
import { adamStep } from "../optim/adam.ts";
import type { Session } from "../runtime/session.ts";
import { normal } from "../tensor/random.ts";
import { sameShape, type Tensor, tensor } from "../tensor/tensor.ts";

/** Defaults are those of the released command line; a layer and a β per task stand in the published scripts. */
export const M2ibConfig = z.strictObject({
  layer: z.number().int().nonnegative().default(7).describe("block of the image tower after whose output the bottleneck sits, from 0"),
  beta: z.number().nonnegative().default(0.1).describe("β, weight of the compression against the agreement with the text"),
  steps: z.number().int().positive().default(10).describe("Adam steps; the map is read at the last forward pass"),
  samples: z.number().int().positive().default(10).describe("noise samples a step"),
  lr: z.number().positive().default(1).describe("learning rate of Adam"),
});
export type M2ibConfig = z.infer<typeof M2ibConfig>;

/** Start of every α: λ = 0.993, so almost everything passes at first. */
const initialAlpha = 5;
/** ε of the cosine, as in the released code. */
const cosineEpsilon = 1e-6;

/** What a run of M2IB found. */
export interface M2ibResult {
  /** Information in nats that each patch lets through, [g · g] row by row, before any normalisation. */
  readonly capacity: Float32Array;
  /** Mean KL, mean cosine and loss at the forward pass of each step, [steps, 3]. */
  readonly losses: Float32Array;
  /** Present when asked for: per element of [T, D], at each step. */
  readonly trace?: { readonly alpha: Tensor; readonly gradient: Tensor; readonly kl: Tensor };
}

/**
 * Saliency by the multi-modal information bottleneck. Noise is mixed into the tokens behind one block of the image tower, as
 * much as possible without losing the agreement with the text; what must be kept is what the text speaks of.
 *
 *   λ = σ(α),   z = λ x + (1 - λ) ε,   ε ~ N(0, 1)
 *   KL(z ‖ N(0, 1)) = -½ (1 + ln (1 - λ)² - (λ x)² - (1 - λ)²)          per token and channel
 *   minimise over α:   β · mean KL - mean cos(text, image(z))
 *
 * The blocks up to the bottleneck run once an image, the text once a sentence; all steps, each with its forward pass,
 * backward pass and Adam update, are one run of one graph.
 *
 * @see Wang, Rudner and Wilson 2023, "Visual Explanations of Image-Text Representations via Multi-Modal Information Bottleneck Attribution"
 */
export class M2ib {
  readonly config: M2ibConfig;
  /** Things worth a warning about the settings with this model. */
  readonly warnings: readonly string[];
  private readonly model: BiomedClip;
  private readonly withTrace: boolean;
  private trunk: Promise<Session> | undefined;
  private tail: Promise<Session> | undefined;

  /**
   * @param options.trace - also return α, its gradient and KL of every step, to compare implementations
   * @throws ConfigError when the model has no such layer
   */
  constructor(model: BiomedClip, config: M2ibConfig, options: { readonly trace?: boolean } = {}) {
    const { depth } = model.config.vision;
    if (config.layer >= depth) {
      throw new ConfigError(
        `layer ${config.layer} does not exist: the image tower of "${model.weights.file}" has blocks 0 to ${depth - 1}. Use --layer 0 to ${Math.max(depth - 2, 0)}.`,
      );
    }
    this.model = model;
    this.config = config;
    this.withTrace = options.trace ?? false;
    const blind = config.layer === depth - 1;
    this.warnings = blind
      ? [
          `layer ${config.layer} is the last block: behind it the patches no longer reach the class token, so the map does not depend on the text`,
        ]
      : [];
  }

  /** Tokens of the image tower, class token included. */
  get tokens(): number {
    const { imageSize, patch } = this.model.config.vision;
    return Math.floor(imageSize / patch) ** 2 + 1;
  }

  /** Shape of the noise of one image: [steps, samples, T, D]. */
  get noiseShape(): [number, number, number, number] {
    const { steps, samples } = this.config;
    return [steps, samples, this.tokens, this.model.config.vision.width];
  }

  /** The noise of a file: it depends on seed and file name alone, so results never depend on the order of a run. */
  noiseOf(fileName: string, seed: number): Tensor<"float32"> {
    const shape = this.noiseShape;
    return tensor("float32", shape, normal(`m2ib/eps/${fileName}`, seed, shape[0] * shape[1] * shape[2] * shape[3]));
  }

  /** The tokens [1, T, D] behind the chosen block: the part of the work that is the same for every sentence. */
  async hiddenTokens(view: Image): Promise<Tensor> {
    this.trunk ??= compile({ hidden: this.trunkGraph() }, this.model.options);
    const { hidden } = await (await this.trunk).run({ pixels: this.model.normalised(view) });
    return hidden!;
  }

  /**
   * Optimises the bottleneck for one image and text.
   *
   * @param hidden - [1, T, D] from `hiddenTokens`
   * @param text - [E] features of the text; only their direction matters
   * @param noise - [steps, samples, T, D]
   */
  async attribute(hidden: Tensor, text: Float32Array, noise: Tensor): Promise<M2ibResult> {
    if (!sameShape(noise.shape, this.noiseShape))
      throw new ShapeError(`m2ib: noise must be [${this.noiseShape}] (steps, samples, tokens, width), got [${noise.shape}]`);
    this.tail ??= compile(this.tailGraph(), this.model.options);
    const run = await (await this.tail).run({ hidden, noise, text: tensor("float32", [1, text.length], new Float32Array(text)) });
    const information = run.information!; // [steps, T]
    const capacity = (information.data as Float32Array).slice(-(this.tokens - 1));
    const trace = this.withTrace ? { trace: { alpha: run.alpha!, gradient: run.gradient!, kl: run.kl! } } : {};
    return { capacity, losses: run.losses!.data as Float32Array, ...trace };
  }

  /** Operations for one image and sentence, the text tower apart. */
  flops(): number {
    return flopsOf([this.trunkGraph(), ...Object.values(this.tailGraph())]);
  }

  async dispose(): Promise<void> {
    const sessions = await Promise.all([this.trunk, this.tail]);
    this.trunk = undefined;
    this.tail = undefined;
    await Promise.all(sessions.map((session) => session?.dispose()));
  }

  private trunkGraph(): Value {
    const { imageSize } = this.model.config.vision;
    const pixels = input("pixels", "float32", [1, 3, imageSize, imageSize]);
    return visionTower(pixels, this.model.weights, this.model.config).blocks[this.config.layer]!;
  }

  private tailGraph(): Record<string, Value> {
    const { beta, steps, lr } = this.config;
    const [, samples, tokens, width] = this.noiseShape;
    const hidden = input("hidden", "float32", [1, tokens, width]);
    const noise = input("noise", "float32", this.noiseShape);
    const text = input("text", "float32", [1, this.model.config.embed]);
    const start = (number: number) => expand(scalar(number), [1, tokens, width]);
    const { collected } = loop(steps, [start(initialAlpha), start(0), start(0)], (index, [alpha, first, second]) => {
      const lambda = sigmoid(alpha!); // [1, T, D]
      const rest = sigmoid(neg(alpha!)); // 1 - λ, exact also where λ rounds to 1
      const mean = mul(lambda, hidden);
      const z = add(mean, mul(rest, gather(noise, index))); // [samples, T, D]
      const logVariance = mul(softplus(alpha!), -2); // ln (1 - λ)², finite for every α
      const kl = mul(sub(add(mul(mean, mean), mul(rest, rest)), add(logVariance, 1)), 0.5); // [1, T, D]
      const compression = reduceMean(kl); // []
      const agreement = reduceMean(cosineSimilarity(text, this.featuresBehind(z, samples), cosineEpsilon)); // []
      const loss = sub(mul(compression, beta), agreement); // []
      const [gradient] = gradients(loss, [alpha!]) as [Value];
      const next = adamStep({ parameter: alpha!, first: first!, second: second! }, gradient, index, steps, { lr });
      const losses = concat(
        [compression, agreement, loss].map((value) => reshape(value, [1])),
        0,
      ); // [3]
      const information = reshape(reduceSum(kl, [2]), [tokens]); // [T]
      const grid = (value: Value) => reshape(value, [tokens, width]);
      const trace = this.withTrace ? [grid(next.parameter), grid(gradient), grid(kl)] : [];
      return { next: [next.parameter, next.first, next.second], collect: [losses, information, ...trace] };
    });
    const [losses, information, alpha, gradient, kl] = collected;
    return { losses: losses!, information: information!, ...(this.withTrace && { alpha: alpha!, gradient: gradient!, kl: kl! }) };
  }

  /** The image features [B, E] if the tokens behind the bottleneck's block were z [B, T, D]. */
  private featuresBehind(z: Value, samples: number): Value {
    const { weights, config } = this.model;
    const { imageSize, depth } = config.vision;
    if (this.config.layer === depth - 1)
      return projectClassToken(poolClassToken(z, visionWeights(weights, config), config.vision), weights);
    const tower = visionTower(input("pixels", "float32", [samples, 3, imageSize, imageSize]), weights, config);
    return substitute([tower.features], new Map([[tower.blocks[this.config.layer]!, z]]))[0]!;
  }
}
