import { compile, gradients, type Value } from "../graph/index.ts";
import { feedsOf, type Session, type SessionOptions } from "../runtime/session.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TrainableWeights, TrainedPiece } from "./trainable-weights.ts";
import type { TrainingState } from "./training-state.ts";

/** Context for building graphs over trained tensors. */
export interface GraphSource {
  /** Creates the weights for one graph. */
  readonly weights: () => TrainableWeights;
  readonly state: TrainingState;
  readonly options: SessionOptions;
}

/** Inputs of a backward pass. */
export interface Objective {
  /** A scalar. */
  readonly loss: Value;
  /** Inputs whose gradients are returned in addition to those of the trained tensors, by output name. */
  readonly wrt?: Readonly<Record<string, Value>>;
  /** Further outputs. */
  readonly report?: Readonly<Record<string, Value>>;
}

/** A graph that reads trained tensors from the state, and writes their gradients to it. */
export class TrainedGraph {
  private readonly session: Session;
  private readonly pieces: ReadonlyMap<string, TrainedPiece>;
  private readonly state: TrainingState;

  private constructor(session: Session, pieces: ReadonlyMap<string, TrainedPiece>, state: TrainingState) {
    this.session = session;
    this.pieces = pieces;
    this.state = state;
  }

  /** A graph without gradients. */
  static async forward(training: GraphSource, describe: (weights: TrainableWeights) => Record<string, Value>): Promise<TrainedGraph> {
    const weights = training.weights();
    const outputs = describe(weights);
    return new TrainedGraph(await compile(outputs, optionsOf(training)), weights.pieces, training.state);
  }

  /** A graph that gives `loss`, what `wrt` asks for, and the gradients of all trained tensors that it reads. */
  static async backward(training: GraphSource, describe: (weights: TrainableWeights) => Objective): Promise<TrainedGraph> {
    const weights = training.weights();
    const { loss, wrt = {}, report = {} } = describe(weights);
    const wanted: Record<string, Value> = { ...wrt };
    for (const [key, { value }] of weights.pieces) wanted[gradientName(key)] = value;
    const derived = gradients(loss, Object.values(wanted));
    const outputs = Object.fromEntries(Object.keys(wanted).map((name, i) => [name, derived[i]!]));
    return new TrainedGraph(await compile({ loss, ...report, ...outputs }, optionsOf(training)), weights.pieces, training.state);
  }

  /**
   * Runs the graph once.
   *
   * @param isFirst - whether gradients replace those of the state, or are added to them
   */
  async run(feeds: Readonly<Record<string, Tensor>>, isFirst = true): Promise<Record<string, Tensor>> {
    const trained = [...this.pieces].map(([key, { name, start, value }]) => [key, this.state.feed(name, start, value.shape)] as const);
    const outputs = await this.session.run(feedsOf(this.session, { ...feeds, ...Object.fromEntries(trained) }));
    for (const [key, { name, start }] of this.pieces) {
      const gradient = outputs[gradientName(key)];
      if (gradient) this.state.receive(name, start, gradient.data as Float32Array, isFirst);
    }
    return outputs;
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}

const gradientName = (key: string): string => `gradient of ${key}`;

/** Trained tensors are inputs, which cannot be laid out ahead of a run; frozen ones stay mapped in their file. */
function optionsOf({ options }: GraphSource): SessionOptions {
  return { ...options, prepack: false };
}
