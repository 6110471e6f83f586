import { ConfigError, InputError } from "../../errors.ts";
import type { ClipFiles } from "../../hub/locate.ts";
import {
  branchFlops,
  type ClipConfig,
  clipConfigOf,
  clipNotes,
  clipTensors,
  openClipWeights,
  outputGrid,
  pairFlops,
} from "../../models/clip/index.ts";
import type { Weights } from "../../models/weights.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { sameShape } from "../../tensor/tensor.ts";
import { thenDispose } from "../../then-dispose.ts";
import { type LoraAdapter, loraAdapters, loraStart } from "../lora.ts";
import { rulesOf } from "../optimiser-settings.ts";
import { TrainableWeights } from "../trainable-weights.ts";
import { type RunLength, Trainer, type Update } from "../trainer.ts";
import { exportClip } from "./export-clip.ts";
import { ContrastiveGradient, type PairFeatures, type TrainingPairs } from "./gradient.ts";
import { type ContrastiveSettings, readsDenseFeatures } from "./settings.ts";
import { logitBias, loraOf, trainedTensors, untrainedBranch } from "./trained-tensors.ts";

/** Metrics of a step, all but `step` from before its update. */
export interface StepResult extends Update {
  readonly loss: number;
  /** ln (1 / τ) as the model keeps it; a fixed τ of the loss does not show here. */
  readonly logitScale: number;
}

/** Result of a pass over the validation pairs. */
export interface Validation {
  /** Mean over the batches, weighted by their pairs. */
  readonly loss: number;
  /** Embeddings before normalisation, one [B, E] per batch, for the recalls. */
  readonly features: readonly PairFeatures[];
}

/** 1 / τ is clamped to [1, 100], as in CLIP. */
const logitScaleLimits = [0, Math.log(100)] as const;

/** Initial bias of SigLIP. */
const initialLogitBias = -10;

/**
 * Fine-tunes a CLIP model on pairs of image and text with a contrastive loss.
 *
 * It holds the trained weights, their gradients and the optimiser's state (four times the trained weights), and sessions: call
 * `dispose` when done. Dropout is off.
 *
 * @example
 * const trainer = await ContrastiveTrainer.open(await locateClip("biomedclip"), ContrastiveSettings.parse({ lr: 1e-5 }), { stepsPerEpoch: 100, epochs: 8 });
 * for await (const batch of batches) console.log(await trainer.step(batch));
 * await trainer.exportTo("fine-tuned");
 */
export class ContrastiveTrainer extends Trainer<ContrastiveSettings> {
  readonly config: ClipConfig;
  readonly files: ClipFiles;
  private readonly weights: Weights;
  private readonly adapters: readonly LoraAdapter[];
  private readonly gradient: ContrastiveGradient;
  private logitScale = 0;

  private constructor(
    files: ClipFiles,
    weights: Weights,
    config: ClipConfig,
    settings: ContrastiveSettings,
    length: RunLength,
    options: SessionOptions,
  ) {
    const tensors = clipTensors(config);
    const trained = trainedTensors(tensors, settings);
    const lora = settings.loraRank > 0 ? loraOf(settings) : undefined;
    super(trained, settings, rulesOf(settings, length), options);
    this.files = files;
    this.weights = weights;
    this.config = config;
    this.adapters = lora ? loraAdapters(tensors, lora).filter(({ site }) => trained.has(`${site}.A`)) : [];
    const training = { weights: () => new TrainableWeights(weights, trained, lora), state: this.state, options };
    this.gradient = new ContrastiveGradient(config, settings, training);
  }

  /**
   * Opens a model and reads the weights that are trained.
   *
   * @throws WeightsError when a tensor is missing, surplus or misshapen
   * @throws ConfigError when the settings are invalid
   */
  static async open(
    files: ClipFiles,
    settings: ContrastiveSettings,
    length: RunLength,
    options: SessionOptions = {},
  ): Promise<ContrastiveTrainer> {
    if (settings.precision !== "float32") {
      throw new ConfigError(
        `precision "${settings.precision}" needs a device whose kernels train in half precision; "${options.device ?? "cpu"}" has none. Use float32.`,
      );
    }
    const weights = await openClipWeights(files.weights);
    const config = clipConfigOf(weights, files.hints);
    weights.check(clipTensors(config));
    const trainer = new ContrastiveTrainer(files, weights, config, settings, length, options);
    await trainer.start();
    return trainer;
  }

  /** Notes about the weights file: which of its models is used; and about a part of the model that is not trained. */
  get notes(): readonly string[] {
    const reason = untrainedBranch(clipTensors(this.config), this.trainedNames, this.settings);
    const notes = [...this.weights.notes, ...clipNotes(this.config, this.files.hints)];
    if (reason === undefined) return notes;
    const note = `the convolutional branch of the model, which --saliency-method dense-text reads, is not trained: ${reason}`;
    return [...notes, note];
  }

  /**
   * One step: the gradient of the loss over the whole batch, clipped if so set, and an update of all trained weights.
   *
   * @throws InputError when the loss is not finite; the weights are then unchanged
   */
  async step(pairs: TrainingPairs): Promise<StepResult> {
    this.check(pairs);
    const { logitScale } = this;
    const loss = await this.gradient.run(pairs);
    const update = await this.update(loss);
    this.holdLogitScale();
    return { ...update, loss, logitScale };
  }

  /** Features [B, E] of both sides before normalisation. */
  async features(pairs: TrainingPairs): Promise<PairFeatures> {
    this.check(pairs);
    return await this.gradient.features(pairs);
  }

  /** Loss and embeddings of validation pairs. Batches of one pair, which have no negatives, do not count in the loss. */
  async validate(batches: Iterable<TrainingPairs> | AsyncIterable<TrainingPairs>): Promise<Validation> {
    const features: PairFeatures[] = [];
    let [sum, pairs] = [0, 0];
    for await (const batch of batches) {
      const found = await this.features(batch);
      features.push(found);
      const count = batch.ids.length;
      if (count < 2) continue;
      sum += count * (await this.gradient.loss(found));
      pairs += count;
    }
    return { loss: sum / pairs, features };
  }

  /**
   * Operations of the forward pass of one pair, and of a step with the given number of pairs.
   *
   * @param tokens - of a text
   */
  flops(pairs: number, tokens: number): { readonly pair: number; readonly step: number } {
    const { chunk } = this.settings;
    const pair = pairFlops(this.weights, this.config, tokens);
    // Forward, and backward with twice the operations; a batch of several chunks goes forward twice, but not through the branch.
    const passes = pairs > chunk ? 4 : 3;
    const branch = readsDenseFeatures(this.settings) ? branchFlops(this.weights, this.config) : 0;
    return { pair, step: pairs * (passes * pair + 3 * branch) };
  }

  override async load(file: string): Promise<unknown> {
    const progress = await super.load(file);
    this.readLogitScale();
    return progress;
  }

  /** Writes the model in the names and types of its file, adapters merged, with the configuration and vocabulary beside it. */
  override async exportTo(folder: string): Promise<string> {
    const { files, weights, state, adapters, steps } = this;
    const tensors = clipTensors(this.config);
    return await exportClip(folder, { files, weights, tensors, state, adapters, lora: loraOf(this.settings), steps });
  }

  async dispose(): Promise<void> {
    await thenDispose(() => this.gradient.dispose(), this.state);
  }

  /** Values before the first step. */
  private async start(): Promise<void> {
    const { temperature, learnTemperature, seed } = this.settings;
    this.logitScale = (await this.weights.read("logit_scale"))[0]!;
    for (const [name, { shape }] of this.state.tensors) {
      const values = this.state.view(this.state.values, name);
      if (name === logitBias) values[0] = initialLogitBias;
      else if (name === "logit_scale" && learnTemperature && temperature !== undefined) values[0] = -Math.log(temperature);
      else values.set(this.weights.has(name) ? await this.weights.read(name) : loraStart(name, shape, seed));
    }
    this.readLogitScale();
  }

  private readLogitScale(): void {
    if (this.state.tensors.has("logit_scale")) this.logitScale = this.state.view(this.state.values, "logit_scale")[0]!;
  }

  private holdLogitScale(): void {
    if (!this.state.tensors.has("logit_scale")) return;
    const value = this.state.view(this.state.values, "logit_scale");
    value[0] = Math.min(Math.max(value[0]!, logitScaleLimits[0]), logitScaleLimits[1]);
    this.readLogitScale();
  }

  private check({ pixels, ids, negatives, paired, regions }: TrainingPairs): void {
    const { imageSize } = this.config.vision;
    const { vocabulary, positions } = this.config.text;
    const [batch, ...rest] = pixels.shape;
    if (batch !== ids.length || rest.join() !== [3, imageSize, imageSize].join()) {
      throw new InputError(
        `pixels [${pixels.shape}] do not fit ${ids.length} texts; expected [${ids.length}, 3, ${imageSize}, ${imageSize}]`,
      );
    }
    const cells = outputGrid(this.config) ** 2;
    const known = [ids.length, regions?.ids.length ?? 0];
    for (const [what, given, shape] of [
      ["negatives", negatives, [ids.length, ids.length]],
      ["paired", paired, [ids.length]],
      ["labels of regions", regions?.labels, known],
      ["weights of labels", regions?.labelWeights, known],
      ["weights of regions", regions?.denseWeights, known],
      ["coverage of regions", regions?.coverage, [...known, cells]],
    ] as const) {
      if (given && !sameShape(given.shape, shape)) throw new InputError(`${what} must be [${shape}], got [${given.shape}]`);
    }
    for (const [i, text] of [...ids, ...(regions?.ids ?? [])].entries()) {
      if (text.length > positions) throw new InputError(`text ${i} has ${text.length} tokens; the model holds ${positions}. Cut it.`);
      const unknown = text.find((id) => !(id >= 0 && id < vocabulary));
      if (unknown !== undefined) throw new InputError(`text ${i} has the token ${unknown}; the vocabulary has ${vocabulary}`);
    }
  }
}
