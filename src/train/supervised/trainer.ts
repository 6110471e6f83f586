import { InputError } from "../../errors.ts";
import { flopsOf, input, type Value } from "../../graph/index.ts";
import { deepSupervisionWeights, diceCrossEntropy } from "../../losses/index.ts";
import { NamedWeights } from "../../models/named-weights.ts";
import { type UNetConfig, unet, unetShapes } from "../../models/unet/index.ts";
import { sgd } from "../../optim/index.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import { SessionCache } from "../../runtime/session-cache.ts";
import { type Shape, sameShape, type Tensor } from "../../tensor/tensor.ts";
import { thenDispose } from "../../then-dispose.ts";
import { TrainableWeights } from "../trainable-weights.ts";
import { type GraphSource, TrainedGraph } from "../trained-graph.ts";
import { type RunLength, Trainer, type Update } from "../trainer.ts";
import type { PatchBatch } from "./batches.ts";
import { initialWeights } from "./initial-weights.ts";
import type { Extent } from "./patches.ts";
import { type HardCounts, hardCounts, type TargetMeaning } from "./pseudo-dice.ts";
import { cyclicalRate, polyRate } from "./schedule.ts";
import { cyclesOf, type SupervisedSettings } from "./settings.ts";

/** The network to train, and what its outputs mean. */
export interface SegmentationPlan extends TargetMeaning {
  readonly network: UNetConfig;
  readonly patch: Extent;
  /** Patches in a batch. */
  readonly batch: number;
  /** Whether the Dice sums run over the whole batch. */
  readonly batchDice: boolean;
  /** Whether cases count by their weights. Without it all count alike. */
  readonly isWeighted: boolean;
}

/** Metrics of a step, from before its update. */
export interface SupervisedStep extends Update {
  readonly loss: number;
}

/** How a trainer is opened. */
export interface TrainerStart {
  /** Seed of the initial weights. */
  readonly seed: number;
  /** Initial weights by official name; default: random ones, see `initialWeights`. */
  readonly initial?: ((name: string, shape: Shape) => Float32Array) | undefined;
  readonly write: WriteNetwork;
}

/** A network's weights by official name, to be written. */
export interface TrainedNetwork {
  readonly tensors: ReadonlyMap<string, Shape>;
  readonly valuesOf: (name: string) => Float32Array;
  /** Steps that it was trained. */
  readonly steps: number;
}

/**
 * Writes a network into a folder under the name of a checkpoint, as `modelFolderWriter` does.
 *
 * @returns the weights file
 */
export type WriteNetwork = (folder: string, network: TrainedNetwork, checkpoint: string) => Promise<string>;

/** For a step, and for the validation. */
const mostGraphs = 2;

/**
 * Trains a U-Net on label maps: SGD with Nesterov momentum, a learning rate for each epoch, deep supervision.
 *
 * It holds the weights, their gradients and the momentum, and sessions: call `dispose` when done.
 *
 * @see Isensee et al. 2021, nnU-Net, doi:10.1038/s41592-020-01008-z
 */
export class SupervisedTrainer extends Trainer<SupervisedSettings> {
  readonly plan: SegmentationPlan;
  private readonly training: GraphSource;
  private readonly write: WriteNetwork;
  private readonly graphs = new SessionCache<TrainedGraph>(mostGraphs);

  constructor(plan: SegmentationPlan, settings: SupervisedSettings, length: RunLength, start: TrainerStart, options: SessionOptions = {}) {
    const shapes = unetShapes(plan.network);
    const rate = (step: number) => epochRate(Math.floor(step / length.stepsPerEpoch), settings, length.epochs);
    const unused = settings.mode === "paper" ? unusedHead(plan.network) : undefined;
    const isDecayed = (name: string) => unused === undefined || !name.startsWith(unused);
    super(shapes, settings, { optimizer: sgd({ momentum: settings.momentum, nesterov: true }), rate }, options, isDecayed);
    this.plan = plan;
    this.write = start.write;
    this.training = { weights: () => new TrainableWeights(new NoWeights(), shapes), state: this.state, options };
    const { initial = (name, shape) => initialWeights(name, shape, start.seed) } = start;
    for (const [name, shape] of shapes) this.state.view(this.state.values, name).set(initial(name, shape));
  }

  /** For each head that the loss reads how many pixels of the patch one of its pixels stands for, full size first. */
  get targetStrides(): readonly Extent[] {
    return targetStridesOf(this.plan.network);
  }

  /** One step: the gradient of the loss, clipped, and an update of all weights. @throws InputError when the loss is not finite */
  async step(batch: PatchBatch): Promise<SupervisedStep> {
    const feeds = this.feedsOf(batch);
    const open = () => TrainedGraph.backward(this.training, (weights) => ({ loss: this.describe(weights, batch).loss }));
    const { loss } = await this.graphs.use("step", open, (graph) => graph.run(feeds));
    const value = loss!.data[0] as number;
    return { ...(await this.update(value)), loss: value };
  }

  /** The loss of a batch and the hard counts of its full-size output, without a step. */
  async score(batch: PatchBatch): Promise<{ readonly loss: number; readonly counts: readonly HardCounts[] }> {
    const feeds = this.feedsOf(batch);
    const open = () => TrainedGraph.forward(this.training, (weights) => this.describe(weights, batch));
    const { loss, logits } = await this.graphs.use("score", open, (graph) => graph.run(feeds));
    return { loss: loss!.data[0] as number, counts: hardCounts(logits as Tensor<"float32">, batch.targets[0]!, this.plan) };
  }

  /** Operations of a step, forward and backward, and of scoring a batch. */
  flops(): { readonly step: number; readonly score: number } {
    const { network, batch, patch } = this.plan;
    const images = input("images", "float32", [batch, network.inputChannels, ...patch]);
    const { heads } = unet(images, this.training.weights(), network, { deepSupervision: true });
    const score = flopsOf([...heads]);
    return { step: 3 * score, score };
  }

  /** Writes the network as the best one so far, under nnU-Net's name for it, or under another name. @returns the weights file */
  override async exportTo(folder: string, checkpoint = "checkpoint_best"): Promise<string> {
    const { tensors, values } = this.state;
    const shapes = new Map([...tensors.values()].map(({ name, shape }) => [name, shape]));
    const network = { tensors: shapes, valuesOf: (name: string) => this.state.view(values, name), steps: this.steps };
    return await this.write(folder, network, checkpoint);
  }

  async dispose(): Promise<void> {
    await thenDispose(() => this.graphs.dispose(), this.state);
  }

  private describe(weights: TrainableWeights, batch: PatchBatch): { loss: Value; logits: Value } {
    const { network, batchDice, ignoreLabel, regions, isWeighted } = this.plan;
    const { heads } = unet(input("images", "float32", batch.images.shape), weights, network, { deepSupervision: true });
    const count = batch.targets.length;
    const targets = batch.targets.map(({ dtype, shape }, i) => input(targetName(i), dtype, shape));
    const loss = diceCrossEntropy(heads.slice(0, count), targets, {
      weights: deepSupervisionWeights(heads.length).slice(0, count),
      batchDice,
      ignoreLabel,
      regions,
      imageWeights: isWeighted ? input("weights", "float32", batch.weights.shape) : undefined,
    });
    return { loss, logits: heads[0]! };
  }

  private feedsOf({ images, targets, weights }: PatchBatch): Record<string, Tensor> {
    const { network, batch, patch } = this.plan;
    const expected = [batch, network.inputChannels, ...patch];
    if (!sameShape(images.shape, expected) || targets.length !== this.targetStrides.length) {
      throw new InputError(
        `a batch must have images [${expected}] and ${this.targetStrides.length} targets, got [${images.shape}] and ${targets.length}`,
      );
    }
    return { images, weights, ...Object.fromEntries(targets.map((target, i) => [targetName(i), target])) };
  }
}

const targetName = (head: number): string => `target ${head}`;

/** The learning rate of an epoch, counted from 0. */
function epochRate(epoch: number, settings: SupervisedSettings, epochs: number): number {
  return settings.cycles === 1 ? polyRate(epoch, { lr: settings.lr, epochs }) : cyclicalRate(epoch, cyclesOf(settings, epochs));
}

/** What the names of the head begin with that no loss reads: the smallest one, unless it is the only one. */
function unusedHead({ decoderConvs }: UNetConfig): string | undefined {
  return decoderConvs.length > 1 ? "decoder.seg_layers.0." : undefined;
}

function targetStridesOf({ stages, decoderConvs }: UNetConfig): Extent[] {
  const used = Math.max(1, decoderConvs.length - 1);
  const strides: Extent[] = [];
  let [rows, columns] = [1, 1];
  for (const { stride } of stages.slice(0, used)) {
    [rows, columns] = [rows * stride[0], columns * stride[1]];
    strides.push([rows, columns]);
  }
  return strides;
}

/** Of a network whose tensors are all trained nothing is read from a file. */
class NoWeights extends NamedWeights {
  override has(): boolean {
    return false;
  }

  override shapeOf(official: string): Shape {
    throw unknown(official);
  }

  override get(official: string): Value {
    throw unknown(official);
  }

  override parts(official: string): Value[] {
    throw unknown(official);
  }
}

const unknown = (name: string): Error => new Error(`the network has no tensor "${name}"`);
