import { InputError } from "../errors.ts";
import { afterEpoch, clipFactorOf, isDecayed, type Plateau, plateauAt } from "../optim/index.ts";
import type { SessionOptions } from "../runtime/session.ts";
import type { Shape } from "../tensor/tensor.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import type { StepSettings, UpdateRules } from "./optimiser-settings.ts";
import { TrainingState } from "./training-state.ts";

/** Length of a run. */
export interface RunLength {
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/** Metrics of an update, all but `step` from before it. */
export interface Update {
  /** Counted from 1. */
  readonly step: number;
  /** Norm of the whole gradient, before it was clipped. */
  readonly gradNorm: number;
  readonly lr: number;
}

/** Advice for a training that diverges. */
const divergedHint = "A lower learning rate (--lr), a warm-up (--warmup) or clipping the gradient (--clip-norm) may help.";

/** What all trainers have: trained weights that follow their gradients, a schedule of the learning rate, checkpoints. */
export abstract class Trainer<S extends StepSettings> {
  readonly settings: S;
  protected readonly state: TrainingState;
  private readonly rate: UpdateRules["rate"];
  private plateau: Plateau;
  private done = 0;

  /** @param decayed - which of the trained tensors weight decay applies to */
  constructor(
    trained: ReadonlyMap<string, Shape>,
    settings: S,
    { optimizer, rate }: UpdateRules,
    options: SessionOptions,
    decayed: (name: string, shape: Shape) => boolean = isDecayed,
  ) {
    this.settings = settings;
    this.state = new TrainingState(trained, optimizer, options, decayed);
    this.rate = rate;
    this.plateau = plateauAt(settings.lr);
  }

  /** Writes the model in the names and types of its file. @returns the weights file */
  abstract exportTo(folder: string): Promise<string>;

  /** Finished steps. */
  get steps(): number {
    return this.done;
  }

  /** Number of trainable parameters. */
  get size(): number {
    return this.state.size;
  }

  /** The learning rate of the next step. */
  get lr(): number {
    return typeof this.rate === "function" ? this.rate(this.done) : this.plateau.lr;
  }

  /** Official names of the trained tensors; those of adapters are `<module>.<q|k|v|o|fc1|fc2>.A` and `.B`. */
  get trainedNames(): readonly string[] {
    return [...this.state.tensors.keys()];
  }

  /** A copy of the current values of a trained tensor. */
  trained(name: string): { readonly shape: Shape; readonly data: Float32Array } | undefined {
    const shape = this.state.tensors.get(name)?.shape;
    return shape && { shape, data: this.state.view(this.state.values, name).slice() };
  }

  /** The gradient of the last step, of one trained tensor. */
  lastGradient(name: string): Float32Array | undefined {
    return this.state.tensors.has(name) ? this.state.view(this.state.gradient, name).slice() : undefined;
  }

  /** Passes the validation loss of an epoch to the schedule "plateau". @returns the learning rate from now on */
  endEpoch(validationLoss: number): number {
    if (typeof this.rate !== "function") this.plateau = afterEpoch(this.plateau, validationLoss, this.rate);
    return this.lr;
  }

  /**
   * Writes all that the rest of the run depends on into one safetensors file, which appears whole or not at all.
   *
   * @param progress - the caller's own: where it stands in its data, the best loss so far
   * @throws InputError when a weight is not finite: every saved checkpoint can be resumed
   */
  async save(file: string, progress: unknown = null): Promise<void> {
    const broken = this.state.firstNotFinite();
    if (broken !== undefined)
      throw new InputError(
        `step ${this.done}: "${broken}" has weights that are not finite numbers, and nothing was saved. ${divergedHint}`,
      );
    const { done: step, plateau, settings } = this;
    await saveCheckpoint(file, this.state, { step, plateau, settings, progress });
  }

  /**
   * Resumes a saved run: further steps give the same bytes as in an uninterrupted run.
   *
   * @returns the caller's progress
   * @throws WeightsError when the file is damaged or of another model, ConfigError when it was made with other settings
   */
  async load(file: string): Promise<unknown> {
    const { step, plateau, progress } = await loadCheckpoint(file, this.state, this.settings);
    this.done = step;
    this.plateau = plateau;
    return progress;
  }

  /**
   * Updates all trained weights by the gradient that the state holds, clipped if so set.
   *
   * @param loss - whose gradient that is
   * @throws InputError when loss or gradient are not finite; the weights are then unchanged
   */
  protected async update(loss: number): Promise<Update> {
    const { lr } = this;
    const { clipNorm, weightDecay } = this.settings;
    const gradNorm = await this.state.gradientNorm();
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
      throw new InputError(
        `step ${this.done + 1}: the loss is ${loss} and the norm of the gradient ${gradNorm}, expected finite numbers. The step was skipped. ${divergedHint}`,
      );
    }
    const factor = clipNorm === undefined ? 1 : clipFactorOf(gradNorm, clipNorm);
    this.done++;
    await this.state.step(this.done, lr, weightDecay, factor);
    return { step: this.done, gradNorm, lr };
  }
}
