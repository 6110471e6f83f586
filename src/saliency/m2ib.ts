import { z } from "zod";
import { described } from "../check/described.ts";
import { checkedOptions } from "../check/options.ts";
import { checkedImage } from "../check/pictures.ts";
import { checkedFloats } from "../check/prompts.ts";
import { checkTensor } from "../check/tensors.ts";
import { ConfigError, InputError, ShapeError } from "../errors.ts";
import { compile, flopsOf, type Value } from "../graph/index.ts";
import type { Image } from "../image/types.ts";
import { ClipModel } from "../models/clip/index.ts";
import { gridOf } from "../models/vit.ts";
import { feedsOf } from "../runtime/session.ts";
import { SharedSession } from "../runtime/shared-session.ts";
import { addRoughNormals, normal } from "../tensor/random.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { thenDispose } from "../then-dispose.ts";
import { bottleneckGraph, classTokens, noiseShapeOf, type Stage } from "./_bottleneck.ts";
import { CutTower } from "./_cut-tower.ts";
import { ImagePart } from "./_image-part.ts";
import { blocksBehind, layerSetting, type MethodFlops, saliencyMethod } from "./saliency-method.ts";

/** Of the released command line, for the 12 blocks of BiomedCLIP. */
export const defaultLayer = 7;

/** The layer that was given, or the default of a tower: the released one, or one at the same part of the depth where a tower does not have it. */
export function layerIn(
  { config }: ClipModel,
  given: number | undefined,
): { readonly layer: number; readonly warnings: readonly string[] } {
  if (given !== undefined) return { layer: given, warnings: [] };
  const { depth } = config.vision;
  if (defaultLayer < depth) return { layer: defaultLayer, warnings: [] };
  const layer = Math.floor((defaultLayer * depth) / 12);
  return { layer, warnings: [`the image tower has ${depth} blocks, so the default of --layer is ${layer} instead of ${defaultLayer}`] };
}

/** Defaults are those of the released command line; a layer and a β per task stand in the published scripts. */
export const M2ibConfig = z.strictObject({
  layer: z
    .number()
    .int()
    .nonnegative()
    .default(defaultLayer)
    .describe("block of the image tower whose output the bottleneck follows, from 0"),
  beta: z.number().nonnegative().default(0.1).describe("β, weight of the compression term against the similarity to the text"),
  steps: z.number().int().positive().default(10).describe("Adam steps; the map comes from the last forward pass"),
  samples: z.number().int().positive().default(10).describe("noise samples per step"),
  lr: z.number().positive().default(1).describe("learning rate of Adam"),
  classToken: z
    .enum(classTokens)
    .default("free")
    .describe("the class token in the bottleneck: free (with its own λ), or replaced by noise; try noise with small and adapted models"),
});
export type M2ibConfig = z.infer<typeof M2ibConfig>;

/** What a run of M2IB found. */
export interface M2ibResult {
  /** Information in nats that each patch lets through, [g · g] row by row, before any normalisation. */
  readonly capacity: Float32Array;
  /**
   * Present when asked for: of each step mean KL, mean cosine and loss [steps, 3]; α after it, its gradient, and KL [steps, N, D], where N is T,
   * or T - 1 if the class token is noise.
   */
  readonly trace?: Readonly<Record<"losses" | "alpha" | "gradient" | "kl", Tensor>>;
}

/**
 * Share of the noise samples for which each update of the fast schedule runs the model; the mean noise of the others enters without it
 * (`withMeanNoise`). At first λ is near 1 and the noise hardly counts. Found by trial on random and trained models, see `bench`: as close to
 * the whole computation as that is to itself with another seed of the noise.
 */
const fastShares = [0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.3, 0.3, 0.2];

/** Noise samples for each update of a preview: about a fifth of all, from the same noise. Use as `schedule`. */
export function fastSchedule({ steps, samples }: Pick<M2ibConfig, "steps" | "samples">): number[] {
  const updates = steps - 1;
  return Array.from({ length: updates }, (_, i) => {
    const share = fastShares[Math.floor(((i + 0.5) / updates) * fastShares.length)]!;
    return Math.max(1, Math.round(share * samples));
  });
}

const Options = z.strictObject({
  trace: z.boolean().default(false),
  schedule: z.array(z.number().int().positive()).readonly().optional(),
  samplesAtOnce: z.number().int().positive().default(2),
});

/** How M2IB is run. */
export interface M2ibOptions {
  /** Also return what each step did, to compare implementations. */
  readonly trace?: boolean;
  /**
   * Noise samples with which the model runs in each step that moves α, in place of the same number for all: at most `samples`. Of the others
   * the mean noise is used.
   */
  readonly schedule?: readonly number[];
  /** Noise samples that are differentiated at once; more take more memory and no less time. */
  readonly samplesAtOnce?: number;
}

/**
 * Saliency by the multi-modal information bottleneck. Noise is mixed into the tokens after one block of the image tower, as
 * much as possible while keeping the similarity to the text; the information that must be kept is what the text describes.
 *
 *   λ = σ(α),   z = λ x + (1 - λ) ε,   ε ~ N(0, 1)
 *   KL(z ‖ N(0, 1)) = -½ (1 + ln (1 - λ)² - (λ x)² - (1 - λ)²)          per token and channel
 *   minimise over α:   β · mean KL - mean cos(text, image(z))
 *
 * With `classToken: "noise"` the class token has λ = 0 and no α, and the mean KL is that of the patches.
 *
 * The blocks up to the bottleneck run once per image, the text tower once per text prompt; all steps, each with its forward pass,
 * backward pass and Adam update, are one run of one graph.
 *
 * @see Wang, Rudner and Wilson 2023, "Visual Explanations of Image-Text Representations via Multi-Modal Information Bottleneck Attribution"
 */
export class M2ib {
  readonly config: M2ibConfig;
  /** Things worth a warning about the settings with this model. */
  readonly warnings: readonly string[];
  private readonly cut: CutTower;
  private readonly trunk: ImagePart;
  private readonly withTrace: boolean;
  private readonly samplesAtOnce: number;
  private readonly stages: readonly Stage[];
  private readonly tail = new SharedSession(() => compile(this.tailGraph(), this.cut.model.options));

  /**
   * @throws ConfigError when the model has no such layer
   */
  constructor(model: ClipModel, given: M2ibConfig, options: M2ibOptions = {}) {
    if (!(model instanceof ClipModel)) throw new InputError(`M2ib: model must be a ClipModel, got ${described(model)}.`);
    const config = checkedOptions(M2ibConfig, given, "M2ib");
    const { trace, schedule, samplesAtOnce } = checkedOptions(Options, options, "M2ib");
    if (schedule?.some((samples) => samples > config.samples)) {
      throw new ConfigError(`M2ib: option "schedule" must not exceed ${config.samples} samples, got [${schedule}].`);
    }
    this.cut = CutTower.afterBlock(model, config.layer);
    this.trunk = new ImagePart(model, this.cut.tokensOf);
    this.config = config;
    this.withTrace = trace;
    this.samplesAtOnce = samplesAtOnce;
    // The map is read at the last forward pass, so its update and its noise are only needed for a trace.
    this.stages = stagesOf(
      schedule ?? Array.from({ length: trace ? config.steps : config.steps - 1 }, () => config.samples),
      config.samples,
    );
    this.warnings = this.cut.warnings;
  }

  /** Tokens of the image tower, class token included. */
  get tokens(): number {
    return this.cut.tokens;
  }

  /** Shape of the noise of one image: [steps, samples, T, D]. */
  get noiseShape(): [number, number, number, number] {
    const { steps, samples } = this.config;
    return [steps, samples, this.tokens, this.cut.model.config.vision.width];
  }

  /**
   * The noise of a file, for each stage [steps, samples, T, D]: it depends only on the seed and the file name, so results do not depend on
   * the order of a run. A step with fewer samples takes the first of them, and behind them the mean of all, roughly.
   */
  noiseOf(fileName: string, seed: number): Tensor<"float32">[] {
    const name = `m2ib/eps/${fileName}`;
    return this.noiseFrom({
      take: (start, count) => normal(name, seed, count, start),
      addTo: (sums, start) => addRoughNormals(sums, name, seed, start),
    });
  }

  /** The stages' noise out of [steps, samples, T, D] for all of them. @throws ShapeError when it has another shape */
  splitNoise(noise: Tensor<"float32">): Tensor<"float32">[] {
    checkTensor(noise, "m2ib", "noise (steps, samples, tokens, width)", this.noiseShape);
    const take = (start: number, count: number) => noise.data.subarray(start, start + count);
    return this.noiseFrom({ take, addTo: (sums, start) => addEach(sums, take(start, sums.length)) });
  }

  /** The tokens [1, T, D] behind the chosen block: the part of the work that is the same for every sentence. */
  async hiddenTokens(view: Image): Promise<Tensor> {
    return await this.trunk.of(checkedImage(view, "hiddenTokens", "view"));
  }

  /**
   * Optimises the bottleneck for one image and text.
   *
   * @param hidden - [1, T, D] from `hiddenTokens`
   * @param text - [E] features of the text; only their direction matters
   * @param noise - for each stage, from `noiseOf` or `splitNoise`
   */
  async attribute(hidden: Tensor, text: Float32Array, noise: readonly Tensor[]): Promise<M2ibResult> {
    const [, , tokens, width] = this.noiseShape;
    const { embed } = this.cut.model.config;
    checkTensor(hidden, "attribute", "hidden", [1, tokens, width]);
    checkedFloats(text, "attribute", "text", [embed]);
    const shapes = this.stages.map((stage) => noiseShapeOf(stage, tokens, width));
    if (!Array.isArray(noise) || noise.length !== shapes.length) {
      throw new ShapeError(`attribute: noise must hold ${shapes.length} arrays, as noiseOf gives them, got ${described(noise)}.`);
    }
    for (const [i, shape] of shapes.entries()) checkTensor(noise[i], "attribute", `noise[${i}]`, shape);
    const stages = Object.fromEntries(noise.map((values, i) => [`noise${i}`, values]));
    const feeds = { hidden, text: tensor("float32", [1, text.length], new Float32Array(text)), ...stages };
    const run = await this.tail.use((tail) => tail.run(feedsOf(tail, feeds)));
    const { information, ...trace } = run;
    const perToken = this.withTrace ? this.lastInformation(trace.kl!) : (information!.data as Float32Array);
    const capacity = perToken.slice(1 - this.tokens); // of the patches
    return { capacity, ...(this.withTrace && { trace: trace as NonNullable<M2ibResult["trace"]> }) };
  }

  /** Operations, the text tower apart. */
  flops(): MethodFlops {
    return { image: this.trunk.flops(), text: flopsOf(Object.values(this.tailGraph())) };
  }

  /** Disposes of the sessions; later calls open them again. */
  async dispose(): Promise<void> {
    await thenDispose(() => this.trunk.dispose(), this.tail);
  }

  private tailGraph(): Record<string, Value> {
    const { beta, lr, classToken } = this.config;
    const [, , tokens, width] = this.noiseShape;
    const { embed } = this.cut.model.config;
    const { samplesAtOnce } = this;
    const featuresBehind = (z: Value) => this.cut.featuresBehind(z);
    const problem = { tokens, width, embed, beta, lr, classToken, samplesAtOnce, featuresBehind };
    const { information, trace } = bottleneckGraph(problem, this.stages);
    return { information, ...(this.withTrace && trace) };
  }

  /** With a trace the last update is made, too; the map is that of the forward pass before it. */
  private lastInformation({ data, shape }: Tensor): Float32Array {
    const [steps, tokens, width] = shape as [number, number, number];
    const last = (data as Float32Array).subarray((steps - 1) * tokens * width);
    return Float32Array.from({ length: tokens }, (_, token) =>
      last.subarray(token * width, (token + 1) * width).reduce((sum, kl) => sum + kl, 0),
    );
  }

  private noiseFrom({ take, addTo }: NoiseSource): Tensor<"float32">[] {
    const [, all, tokens, width] = this.noiseShape;
    const block = tokens * width;
    let step = 0;
    return this.stages.map(({ steps, samples, isPart }) => {
      const shape = noiseShapeOf({ steps, samples, isPart }, tokens, width);
      const data = new Float32Array(sizeOf(shape));
      for (let i = 0; i < steps; i++, step++) {
        const place = data.subarray(i * shape[1] * block, (i + 1) * shape[1] * block);
        place.set(take(step * all * block, samples * block));
        if (!isPart) continue;
        const mean = place.subarray(samples * block);
        for (let sample = 0; sample < samples; sample++) addEach(mean, place.subarray(sample * block, (sample + 1) * block));
        for (let sample = samples; sample < all; sample++) addTo(mean, (step * all + sample) * block);
        for (let j = 0; j < block; j++) mean[j]! /= all;
      }
      return tensor("float32", shape, data);
    });
  }
}

/** The noise of all steps and samples, as one list of numbers. */
interface NoiseSource {
  take(start: number, count: number): Float32Array;
  /** Adds as many numbers as there are sums. */
  addTo(sums: Float32Array, start: number): void;
}

/** M2IB as a saliency method: the value of a patch is its information in nats. */
export const m2ib = saliencyMethod({
  settings: z.strictObject({
    ...M2ibConfig.shape,
    layer: layerSetting(`${defaultLayer}`),
    fast: z
      .boolean()
      .default(false)
      .describe("a preview of the saliency map in a fifth of the time: the model runs with fewer noise samples"),
  }),
  drawsNoise: true,
  refusedElsewhere: { classToken: "noise" },
  open(model, { fast, layer: given, beta, steps, samples, lr, classToken }) {
    const { layer, warnings } = layerIn(model, given);
    const config = { layer, beta, steps, samples, lr, classToken };
    const method = new M2ib(model, config, fast ? { schedule: fastSchedule(config) } : {});
    return {
      layer,
      grid: gridOf(model.config.vision),
      warnings: [...warnings, ...method.warnings],
      noise: {
        shape: method.noiseShape,
        of: (fileName, seed) => method.noiseOf(fileName, seed),
        from: (noise) => method.splitNoise(noise),
      },
      hiddenTokens: (view) => method.hiddenTokens(view),
      attribute: async (hidden, text, noise) => (await method.attribute(hidden, text, noise!)).capacity,
      flops: () => method.flops(),
      dispose: () => method.dispose(),
    };
  },
  /**
   * Two samples at once, and the noise of all steps is in memory: found by four runs with 4 and 11 blocks behind the layer, 10 and 20
   * samples, 3 and 10 steps, which it meets within 2 %. A preview has a loop for each number of samples, and the runtime packs the
   * weights for each: measured 0.25 GB.
   */
  memory({ layer = defaultLayer, samples, steps, fast }) {
    const blocks = blocksBehind(layer);
    const peak = 895 + 17 * blocks + 1.06 * samples * steps;
    return { prepacked: peak + (fast ? 57 * blocks : 0), smallest: peak - 95 };
  },
});

/** Neighbouring steps with the same number of samples as one stage. @param all - samples of which they may be a part */
function stagesOf(schedule: readonly number[], all: number): Stage[] {
  const stages: Stage[] = [];
  for (const samples of schedule) {
    const last = stages.at(-1);
    if (last?.samples === samples) stages[stages.length - 1] = { ...last, steps: last.steps + 1 };
    else stages.push({ steps: 1, samples, isPart: samples < all });
  }
  return stages;
}

function addEach(sums: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sums.length; i++) sums[i]! += values[i]!;
}
