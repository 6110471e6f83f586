import { ConfigError, InputError } from "../../errors.ts";
import { flopsOf, input, mul } from "../../graph/index.ts";
import type { SamFiles } from "../../hub/locate.ts";
import {
  gridOf,
  imageEncoder,
  logitsSideOf,
  recognisedVariant,
  type SamConfig,
  samConfigOf,
  samFamily,
  samTensors,
} from "../../models/sam/index.ts";
import { Weights } from "../../models/weights.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { SessionCache } from "../../runtime/session-cache.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { thenDispose } from "../../then-dispose.ts";
import { exportModel } from "../export-model.ts";
import { rowsOf } from "../feeds.ts";
import { rulesOf } from "../optimiser-settings.ts";
import { TrainableWeights } from "../trainable-weights.ts";
import { type GraphSource, TrainedGraph } from "../trained-graph.ts";
import { type RunLength, Trainer, type Update } from "../trainer.ts";
import { decodingOf, type ImageKind, type PromptShape, promptableLoss, promptFeeds, type TrainingPrompt } from "./graph.ts";
import type { PromptableSettings } from "./settings.ts";
import { promptableTensors } from "./trained-tensors.ts";

/** B images with P prompts each. */
export interface PromptedImages {
  /** Float32 [B, 3, S, S], as `samInput` makes them, where the encoder is trained; else its embeddings [B, C, g, g]. */
  readonly images: Tensor<"float32">;
  /** B P prompts, those of the first image first. */
  readonly prompts: readonly TrainingPrompt[];
  /** uint8 [B P, 1, 4 g, 4 g], 0 or 1: the ground truth of each prompt, at the size of the logits. */
  readonly targets: Tensor<"uint8">;
}

/** Metrics of a step, from before its update. */
export interface PromptableStep extends Update {
  readonly loss: number;
}

/** Outputs of the model. */
export interface PromptableAnswer {
  readonly loss: number;
  /** [B P, M, 4 g, 4 g] */
  readonly logits: Tensor<"float32">;
  /** [B P, M] */
  readonly iou: Tensor<"float32">;
}

/** Graphs kept at once: one for steps, one for answers; batches of other sizes replace them. */
const mostGraphs = 2;

/**
 * Fine-tunes a SAM model on masks with visual prompts: the mask decoder, and optionally the prompt encoder and the image encoder.
 *
 * It holds the trained weights, their gradients and the optimiser's state, and sessions: call `dispose` when done.
 *
 * @example
 * const trainer = await PromptableTrainer.open(await locateSam("sam-vit-b"), PromptableSettings.parse({}), { stepsPerEpoch: 100, epochs: 8 });
 * const { values: images } = await predictor.setImage(image);
 * console.log(await trainer.step({ images, prompts, targets }));
 * await trainer.exportTo("fine-tuned");
 */
export class PromptableTrainer extends Trainer<PromptableSettings> {
  readonly config: SamConfig;
  private readonly weights: Weights;
  private readonly variantNotes: readonly string[];
  private readonly training: GraphSource;
  private readonly graphs = new SessionCache<TrainedGraph>(mostGraphs);

  private constructor(
    weights: Weights,
    config: SamConfig,
    settings: PromptableSettings,
    length: RunLength,
    options: SessionOptions,
    variantNotes: readonly string[],
  ) {
    const trained = promptableTensors(config, settings);
    super(trained, settings, rulesOf(settings, length), options, () => true);
    this.weights = weights;
    this.config = config;
    this.variantNotes = variantNotes;
    this.training = { weights: () => new TrainableWeights(weights, trained), state: this.state, options };
  }

  /**
   * Opens a model and reads the weights that are trained.
   *
   * @throws WeightsError when a tensor is missing, surplus or misshapen
   */
  static async open(
    files: SamFiles,
    settings: PromptableSettings,
    length: RunLength,
    options: SessionOptions = {},
  ): Promise<PromptableTrainer> {
    const weights = await Weights.open(files.weights, samFamily);
    const config = samConfigOf(weights, files.hints);
    weights.check(samTensors(config));
    const { note } = recognisedVariant(weights, files.hints);
    const trainer = new PromptableTrainer(weights, config, settings, length, options, note === undefined ? [] : [note]);
    for (const name of trainer.trainedNames) trainer.state.view(trainer.state.values, name).set(await weights.read(name));
    return trainer;
  }

  /** The sizes of a model. @throws WeightsError as `open` */
  static async configOf(files: SamFiles): Promise<SamConfig> {
    return samConfigOf(await Weights.open(files.weights, samFamily), files.hints);
  }

  /** Notes about the weights file: which of its models is used, and for which variant of SAM it is taken. */
  get notes(): readonly string[] {
    return [...this.weights.notes, ...this.variantNotes];
  }

  /** Whether a step takes pixels or embeddings. */
  get imageKind(): ImageKind {
    return this.settings.trainEncoder ? "pixels" : "embedding";
  }

  /**
   * One step: the gradient of the loss over all prompts, clipped if so set, and an update of all trained weights. Batches of one size take
   * one graph.
   *
   * @throws InputError when the loss is not finite; the weights are then unchanged
   * @throws ConfigError when the batch is not a multiple of `chunk`
   */
  async step(batch: PromptedImages): Promise<PromptableStep> {
    const shape = this.shapeOf(batch);
    const chunk = Math.min(this.settings.chunk ?? shape.images, shape.images);
    if (shape.images % chunk !== 0) {
      throw new ConfigError(
        `a batch of ${shape.images} images cannot be divided into chunks of ${chunk}. Choose a chunk that divides the batch.`,
      );
    }
    const [parts, rows] = [shape.images / chunk, chunk * shape.prompts];
    const graph = this.lossGraph({ ...shape, images: chunk }, 1 / parts);
    let loss = 0;
    for (let part = 0; part < parts; part++) {
      const some = {
        images: rowsOf(batch.images, part * chunk, (part + 1) * chunk),
        prompts: batch.prompts.slice(part * rows, (part + 1) * rows),
        targets: rowsOf(batch.targets, part * rows, (part + 1) * rows),
      };
      loss += (await graph.run(this.feedsOf(some, shape), part === 0)).loss!.data[0] as number;
    }
    return { ...(await this.update(loss)), loss };
  }

  /** The loss of a batch and the masks for its prompts, without a step. */
  async answer(batch: PromptedImages): Promise<PromptableAnswer> {
    const shape = this.shapeOf(batch);
    const graph = this.graph(`answer ${JSON.stringify(shape)}`, () =>
      TrainedGraph.forward(this.training, (weights) => {
        const decoding = decodingOf(weights, this.config, this.imageKind, shape);
        return { loss: promptableLoss(decoding, this.settings, this.config), logits: decoding.logits, iou: decoding.iou };
      }),
    );
    const { loss, logits, iou } = await graph.run(this.feedsOf(batch, shape));
    return { loss: loss!.data[0] as number, logits: logits as Tensor<"float32">, iou: iou as Tensor<"float32"> };
  }

  /** Operations of a step, forward and backward, and of encoding one image. */
  flops(images: number, prompts: number): { readonly step: number; readonly encode: number } {
    const { imageSize: side } = this.config;
    const shape = { images, prompts, points: this.settings.points + this.settings.negativePoints, masks: this.settings.maskShare > 0 };
    const encode = flopsOf([imageEncoder(input("pixels", "float32", [1, 3, side, side]), this.weights, this.config).embedding]);
    const { logits } = decodingOf(this.weights, this.config, this.imageKind, shape);
    return { step: 3 * flopsOf([logits]), encode };
  }

  /** Writes the model in the names and types of its file; frozen tensors keep their bytes. */
  override async exportTo(folder: string): Promise<string> {
    const changed = (official: string) =>
      this.state.tensors.has(official) ? Promise.resolve(this.state.view(this.state.values, official)) : undefined;
    const about = { variant: this.config.variant };
    return await exportModel(folder, { weights: this.weights, tensors: samTensors(this.config), changed, about, steps: this.steps });
  }

  async dispose(): Promise<void> {
    await thenDispose(() => this.graphs.dispose(), this.state);
  }

  private lossGraph(shape: PromptShape, share: number): Pick<TrainedGraph, "run"> {
    return this.graph(`loss ${JSON.stringify(shape)}`, () =>
      TrainedGraph.backward(this.training, (weights) => {
        const decoding = decodingOf(weights, this.config, this.imageKind, shape);
        return { loss: mul(promptableLoss(decoding, this.settings, this.config), share) };
      }),
    );
  }

  private graph(key: string, open: () => Promise<TrainedGraph>): Pick<TrainedGraph, "run"> {
    return { run: (feeds, isFirst) => this.graphs.use(key, open, (graph) => graph.run(feeds, isFirst)) };
  }

  private feedsOf({ images, prompts, targets }: PromptedImages, shape: PromptShape): Record<string, Tensor> {
    return { [this.imageKind]: images, ...promptFeeds(prompts, shape, logitsSideOf(this.config)), target: targets };
  }

  private shapeOf({ images, prompts, targets }: PromptedImages): PromptShape {
    const { imageSize: side, outChannels: width } = this.config;
    const [grid, cells] = [gridOf(this.config), logitsSideOf(this.config)];
    const expected = this.imageKind === "pixels" ? [3, side, side] : [width, grid, grid];
    const [count, ...rest] = images.shape;
    if (rest.join() !== expected.join() || prompts.length % count! !== 0) {
      throw new InputError(
        `images [${images.shape}] with ${prompts.length} prompts: expected ${this.imageKind} [B, ${expected.join(", ")}] and as many prompts for each image`,
      );
    }
    if (targets.shape.join() !== [prompts.length, 1, cells, cells].join()) {
      throw new InputError(`targets must be [${[prompts.length, 1, cells, cells]}] for ${prompts.length} prompts, got [${targets.shape}]`);
    }
    const { points, negativePoints } = this.settings;
    return { images: count!, prompts: prompts.length / count!, points: points + negativePoints, masks: this.settings.maskShare > 0 };
  }
}
