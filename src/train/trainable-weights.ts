import { input, type Value } from "../graph/index.ts";
import { NamedWeights } from "../models/named-weights.ts";
import type { Adapter, Linear } from "../nn/index.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import { type Lora, loraSite } from "./lora.ts";

/** A trained tensor, or a block of its rows, as an input of a graph. */
export interface TrainedPiece {
  /** Name of the tensor. */
  readonly name: string;
  /** Flat index of its first element in that tensor. */
  readonly start: number;
  readonly value: Value;
}

/**
 * A model's tensors of which some are trained: those are inputs of the graph, to be fed at each run; the others are what the
 * frozen weights say. The same tower functions thus describe a model for inference and for training.
 *
 * A fused projection whose parts are asked for becomes one input a part: no slices of it, and no sums of their gradients.
 */
export class TrainableWeights extends NamedWeights {
  /** The inputs used so far, by their names in the graph. */
  readonly pieces = new Map<string, TrainedPiece>();
  private readonly frozen: NamedWeights;
  private readonly trained: ReadonlyMap<string, Shape>;
  private readonly lora: Lora | undefined;

  /**
   * @param frozen - the whole model
   * @param trained - shapes of the tensors to train; with `lora` they are the adapters
   */
  constructor(frozen: NamedWeights, trained: ReadonlyMap<string, Shape>, lora?: Lora) {
    super();
    this.frozen = frozen;
    this.trained = trained;
    this.lora = lora;
  }

  override has(official: string): boolean {
    return this.trained.has(official) || this.frozen.has(official);
  }

  override shapeOf(official: string): Shape {
    return this.trained.get(official) ?? this.frozen.shapeOf(official);
  }

  override get(official: string, shape?: Shape): Value {
    const own = this.trained.get(official);
    return own ? this.piece(official, official, 0, shape ?? own) : this.frozen.get(official, shape);
  }

  override parts(official: string, count: number): Value[] {
    const [rows, ...rest] = this.trained.get(official) ?? [];
    if (rows === undefined) return this.frozen.parts(official, count);
    const shape = [rows / count, ...rest];
    return Array.from({ length: count }, (_, i) => this.piece(`${official}/${i}`, official, i * sizeOf(shape), shape));
  }

  override linear(official: string): Linear {
    return this.adapted(official, super.linear(official), 0);
  }

  override fused(official: string): [Linear, Linear, Linear] {
    return super.fused(official).map((layer, part) => this.adapted(official, layer, part)) as [Linear, Linear, Linear];
  }

  private adapted(official: string, layer: Linear, part: number): Linear {
    const site = this.lora && loraSite(official, part);
    const [down, up] = [`${site}.A`, `${site}.B`];
    if (!this.lora || !this.trained.has(down)) return layer;
    const adapter: Adapter = { down: this.get(down), up: this.get(up), scale: this.lora.alpha / this.lora.rank };
    return { ...layer, adapter };
  }

  private piece(key: string, name: string, start: number, shape: Shape): Value {
    const known = this.pieces.get(key);
    if (known) return known.value;
    const value = input(key, "float32", shape);
    this.pieces.set(key, { name, start, value });
    return value;
  }
}
