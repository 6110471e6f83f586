import { ConfigError, InputError } from "../errors.ts";
import type { ClipFiles } from "../hub/locate.ts";
import { type BiomedClipConfig, biomedClipConfigOf, biomedClipFamily, biomedClipTensors } from "../models/biomedclip/index.ts";
import { gridOf } from "../models/vit.ts";
import { Weights } from "../models/weights.ts";
import { adam, adamW, afterEpoch, clipFactorOf, type Plateau, plateauAt, type Schedule, sgd } from "../optim/index.ts";
import type { SessionOptions } from "../runtime/session.ts";
import { type Shape, sameShape } from "../tensor/tensor.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { ContrastiveGradient, type PairFeatures, type TrainingPairs } from "./contrastive-gradient.ts";
import { exportModel } from "./export-model.ts";
import { type LoraAdapter, loraAdapters, loraStart } from "./lora.ts";
import { scheduleOf } from "./schedule-of.ts";
import type { ContrastiveSettings } from "./settings.ts";
import { TrainableWeights } from "./trainable-weights.ts";
import { logitBias, loraOf, trainedTensors } from "./trained-tensors.ts";
import { TrainingState } from "./training-state.ts";

/** What a run knows of its length. */
export interface RunLength {
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/** What a step met, all but `step` before its update. */
export interface StepResult {
  /** Counted from 1. */
  readonly step: number;
  readonly loss: number;
  /** Norm of the whole gradient, before it was clipped. */
  readonly gradNorm: number;
  readonly lr: number;
  /** ln (1 / τ) as the model keeps it; a fixed τ of the loss does not show here. */
  readonly logitScale: number;
}

/** What a pass over held-out pairs found. */
export interface Validation {
  /** Mean over the batches, weighted by their pairs. */
  readonly loss: number;
  /** Features before normalisation, one [B, E] a batch: recalls are made from them. */
  readonly features: readonly PairFeatures[];
}

/** 1 / τ is held between 1 and 100, as in CLIP. */
const logitScaleLimits = [0, Math.log(100)] as const;

/** Where SigLIP's bias begins. */
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
export class ContrastiveTrainer {
  readonly config: BiomedClipConfig;
  readonly settings: ContrastiveSettings;
  readonly files: ClipFiles;
  private readonly weights: Weights;
  private readonly state: TrainingState;
  private readonly adapters: readonly LoraAdapter[];
  private readonly gradient: ContrastiveGradient;
  private readonly schedule: Schedule | undefined;
  private plateau: Plateau;
  private logitScale: number;
  private done = 0;

  private constructor(
    files: ClipFiles,
    weights: Weights,
    config: BiomedClipConfig,
    settings: ContrastiveSettings,
    length: RunLength,
    options: SessionOptions,
  ) {
    const tensors = biomedClipTensors(config);
    const trained = trainedTensors(tensors, settings);
    const lora = settings.loraRank > 0 ? loraOf(settings) : undefined;
    this.files = files;
    this.weights = weights;
    this.config = config;
    this.settings = settings;
    this.state = new TrainingState(trained, optimizerOf(settings), options);
    this.adapters = lora ? loraAdapters(tensors, lora).filter(({ site }) => trained.has(`${site}.A`)) : [];
    const training = { weights: () => new TrainableWeights(weights, trained, lora), state: this.state, options };
    this.gradient = new ContrastiveGradient(config, settings, training);
    this.schedule = scheduleOf(settings, length);
    this.plateau = plateauAt(settings.lr);
    this.logitScale = 0;
  }

  /**
   * Opens a model and reads the weights that are trained.
   *
   * @throws WeightsError when a tensor is missing, surplus or misshapen
   * @throws ConfigError when the settings cannot work
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
    const weights = await Weights.open(files.weights, biomedClipFamily);
    const config = biomedClipConfigOf(weights, files.hints);
    weights.check(biomedClipTensors(config));
    const trainer = new ContrastiveTrainer(files, weights, config, settings, length, options);
    await trainer.start();
    return trainer;
  }

  /** Steps made so far. */
  get steps(): number {
    return this.done;
  }

  /** Number of trained elements. */
  get size(): number {
    return this.state.size;
  }

  /** The learning rate of the next step. */
  get lr(): number {
    return this.schedule ? this.schedule(this.done) : this.plateau.lr;
  }

  /** Names of the trained tensors: open_clip's, and of adapters `<module>.<q|k|v|o|fc1|fc2>.A` and `.B`. */
  get trainedNames(): readonly string[] {
    return [...this.state.tensors.keys()];
  }

  /** A trained tensor as it is now; changes of the copy change nothing. */
  trained(name: string): { readonly shape: Shape; readonly data: Float32Array } | undefined {
    const shape = this.state.tensors.get(name)?.shape;
    return shape && { shape, data: this.state.view(this.state.values, name).slice() };
  }

  /** The gradient of the last step, of one trained tensor. */
  lastGradient(name: string): Float32Array | undefined {
    return this.state.tensors.has(name) ? this.state.view(this.state.gradient, name).slice() : undefined;
  }

  /**
   * One step: the gradient of the loss over the whole batch, clipped if so set, and an update of all trained weights.
   *
   * @throws InputError when the loss is not finite; the weights are then as they were
   */
  async step(pairs: TrainingPairs): Promise<StepResult> {
    this.check(pairs);
    const { lr, logitScale } = this;
    const { clipNorm, weightDecay } = this.settings;
    const loss = await this.gradient.run(pairs);
    const gradNorm = await this.state.gradientNorm();
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
      throw new InputError(
        `step ${this.done + 1}: the loss is ${loss} and the gradient's norm ${gradNorm}. A lower learning rate or clipping (clipNorm) may help.`,
      );
    }
    const factor = clipNorm === undefined ? 1 : clipFactorOf(gradNorm, clipNorm);
    this.done++;
    await this.state.step(this.done, lr, weightDecay, factor);
    this.holdLogitScale();
    return { step: this.done, loss, gradNorm, lr, logitScale };
  }

  /** Features [B, E] of both sides before normalisation. */
  async features(pairs: TrainingPairs): Promise<PairFeatures> {
    this.check(pairs);
    return await this.gradient.features(pairs);
  }

  /** Loss and features of held-out pairs. Batches of one pair, which have no negatives, do not count in the loss. */
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

  /** Tells the schedule "plateau" the validation loss of an epoch. @returns the learning rate from now on */
  endEpoch(validationLoss: number): number {
    this.plateau = afterEpoch(this.plateau, validationLoss, { patience: this.settings.patience });
    return this.lr;
  }

  /**
   * Writes all that the rest of the run depends on into one safetensors file, which appears whole or not at all.
   *
   * @param progress - the caller's own: where it stands in its data, the best loss so far
   */
  async save(file: string, progress: unknown = null): Promise<void> {
    const { done: step, plateau, settings } = this;
    await saveCheckpoint(file, this.state, { step, plateau, settings, progress });
  }

  /**
   * Goes on where a saved run was: its further steps give the same bytes as if it had never stopped.
   *
   * @returns the caller's progress
   * @throws ConfigError when the checkpoint was made with other settings
   */
  async load(file: string): Promise<unknown> {
    const { step, plateau, progress } = await loadCheckpoint(file, this.state, this.settings);
    this.done = step;
    this.plateau = plateau;
    this.readLogitScale();
    return progress;
  }

  /** Writes the model in the names and types of its file, adapters merged, with the configuration and vocabulary beside it. */
  async exportTo(folder: string): Promise<string> {
    const tensors = biomedClipTensors(this.config);
    return await exportModel(folder, this.files, this.weights, tensors, this.state, this.adapters, loraOf(this.settings));
  }

  async dispose(): Promise<void> {
    await Promise.all([this.gradient.dispose(), this.state.dispose()]);
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

  private check({ pixels, ids, negatives, regions }: TrainingPairs): void {
    const { imageSize } = this.config.vision;
    const { vocabulary, positions } = this.config.text;
    const [batch, ...rest] = pixels.shape;
    if (batch !== ids.length || rest.join() !== [3, imageSize, imageSize].join()) {
      throw new InputError(
        `pixels [${pixels.shape}] do not fit ${ids.length} texts; expected [${ids.length}, 3, ${imageSize}, ${imageSize}]`,
      );
    }
    const patches = gridOf(this.config.vision) ** 2;
    const known = [ids.length, regions?.ids.length ?? 0];
    for (const [what, given, shape] of [
      ["negatives", negatives, [ids.length, ids.length]],
      ["labels of regions", regions?.labels, known],
      ["weights of labels", regions?.labelWeights, known],
      ["weights of regions", regions?.denseWeights, known],
      ["coverage of regions", regions?.coverage, [...known, patches]],
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

function optimizerOf({ optimizer, adamBeta1: beta1, adamBeta2: beta2, adamEpsilon: epsilon, momentum }: ContrastiveSettings) {
  const optimizers = {
    adamw: () => adamW({ beta1, beta2, epsilon }),
    adam: () => adam({ beta1, beta2, epsilon }),
    sgd: () => sgd({ momentum, nesterov: true }),
  };
  return optimizers[optimizer]();
}
