import { firstNotFinite } from "../check/numbers.ts";
import { compile, input, mul } from "../graph/index.ts";
import { type GraphOptimizer, type Optimizer, squaredNorm } from "../optim/index.ts";
import type { Session, SessionOptions } from "../runtime/session.ts";
import { SharedSession } from "../runtime/shared-session.ts";
import { type Shape, sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { thenDispose } from "../then-dispose.ts";

/** Elements that an update works on at once. With more, intermediates leave the caches; with fewer, the calls cost more than they do. */
const piece = 2 ** 17;

/** A trained tensor and where its elements lie in the state's arrays. */
export interface TrainedTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly offset: number;
  readonly size: number;
}

/**
 * What changes in training: the values of all trained tensors, their gradients, and what the optimiser keeps beside them, each as
 * one long array. An update walks through them in pieces, in place, so that it needs no second copy of any of them.
 */
export class TrainingState {
  readonly tensors: ReadonlyMap<string, TrainedTensor>;
  readonly values: Float32Array<ArrayBuffer>;
  readonly gradient: Float32Array<ArrayBuffer>;
  /** By the names of the optimiser's slots. */
  readonly slots: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  private readonly optimizer: Optimizer;
  private readonly options: SessionOptions;
  /** Weight decay applies to the elements before this one alone. */
  private readonly decayed: number;
  /** Absent for optimisers that need no graph. */
  private readonly update: SharedSession<Session> | undefined;
  private readonly norm = new SharedSession(() => compile({ norm: squaredNorm([input("x", "float32", [piece])]) }, this.options));

  /** @param decayed - which tensors weight decay applies to */
  constructor(
    shapes: ReadonlyMap<string, Shape>,
    optimizer: Optimizer,
    options: SessionOptions,
    decayed: (name: string, shape: Shape) => boolean,
  ) {
    const tensors = new Map<string, TrainedTensor>();
    let end = 0;
    const place = (isFirst: boolean) => {
      for (const [name, shape] of shapes) {
        if (decayed(name, shape) !== isFirst) continue;
        tensors.set(name, { name, shape, offset: end, size: sizeOf(shape) });
        end += sizeOf(shape);
      }
      end = Math.ceil(end / piece) * piece; // the rest of the last piece is zeros, and stays so
    };
    place(true);
    this.decayed = end;
    place(false);
    this.tensors = tensors;
    this.values = new Float32Array(end);
    this.gradient = new Float32Array(end);
    this.slots = new Map(optimizer.slots.map((slot) => [slot, new Float32Array(end)]));
    this.optimizer = optimizer;
    this.options = options;
    this.update = "update" in optimizer ? new SharedSession(() => this.compileUpdate(optimizer)) : undefined;
  }

  /** Number of trainable parameters. */
  get size(): number {
    return [...this.tensors.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** The elements of one tensor in one of the arrays; changes are seen by both sides. */
  view(array: Float32Array, name: string): Float32Array {
    const { offset, size } = this.tensors.get(name)!;
    return array.subarray(offset, offset + size);
  }

  /** Values of a tensor, or of a block of its rows that begins at element `start`, as a graph takes them. */
  feed(name: string, start: number, shape: Shape): Tensor<"float32"> {
    const from = this.tensors.get(name)!.offset + start;
    return tensor("float32", shape, this.values.subarray(from, from + sizeOf(shape)));
  }

  /** Sets the gradient of such a block, or adds to it. */
  receive(name: string, start: number, gradient: Float32Array, isFirst: boolean): void {
    const from = this.tensors.get(name)!.offset + start;
    if (isFirst) this.gradient.set(gradient, from);
    else {
      const sum = this.gradient.subarray(from, from + gradient.length);
      for (let i = 0; i < gradient.length; i++) sum[i]! += gradient[i]!;
    }
  }

  /** The first tensor with a value that is not a finite number. */
  firstNotFinite(): string | undefined {
    for (const name of this.tensors.keys()) if (firstNotFinite(this.view(this.values, name)) >= 0) return name;
    return undefined;
  }

  /** Norm of the whole gradient. */
  async gradientNorm(): Promise<number> {
    return await this.norm.use((session) => this.normBy(session));
  }

  private async normBy(session: Session): Promise<number> {
    let squares = 0;
    for (let at = 0; at < this.gradient.length; at += piece) {
      const { norm } = await session.run({ x: tensor("float32", [piece], this.gradient.subarray(at, at + piece)) });
      squares += norm!.data[0] as number;
    }
    return Math.sqrt(squares);
  }

  /**
   * One step of the optimiser.
   *
   * @param step - counted from 1
   * @param factor - that the gradient is multiplied with before
   */
  async step(step: number, lr: number, weightDecay: number, factor: number): Promise<void> {
    const { optimizer } = this;
    if ("updateInPlace" in optimizer) {
      const ranges = [
        [0, this.decayed, weightDecay],
        [this.decayed, this.values.length, 0],
      ] as const;
      for (const [from, to, decay] of ranges) {
        const [values, gradient, ...slots] = [this.values, this.gradient, ...this.slots.values()].map((array) => array.subarray(from, to));
        optimizer.updateInPlace(values!, gradient!, slots, optimizer.numbers(step, lr, decay), factor);
      }
      return;
    }
    const number = (value: number) => tensor("float32", [], Float32Array.of(value));
    const numbersOf = (decay: number) =>
      Object.entries({ ...optimizer.numbers(step, lr, decay), factor }).map(([key, value]) => [key, number(value)] as const);
    const [decayed, free] = [numbersOf(weightDecay), numbersOf(0)].map((numbers) => Object.fromEntries(numbers));
    const arrays = { values: this.values, ...Object.fromEntries(this.slots) };
    await this.update!.use(async (session) => {
      for (let at = 0; at < this.values.length; at += piece) {
        const part = (array: Float32Array<ArrayBuffer>) => tensor("float32", [piece], array.subarray(at, at + piece));
        const feeds = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, part(array)]));
        const after = await session.run({ ...feeds, gradient: part(this.gradient), ...(at < this.decayed ? decayed : free) });
        for (const [name, array] of Object.entries(arrays)) array.set(after[name]!.data as Float32Array, at);
      }
    });
  }

  async dispose(): Promise<void> {
    await thenDispose(async () => await this.update?.dispose(), this.norm);
  }

  private compileUpdate(optimizer: GraphOptimizer): Promise<Session> {
    const array = (name: string) => input(name, "float32", [piece]);
    const numbers = Object.fromEntries(Object.keys(optimizer.numbers(1, 1, 1)).map((key) => [key, input(key, "float32", [])]));
    const gradient = mul(array("gradient"), input("factor", "float32", []));
    const next = optimizer.update(array("values"), gradient, optimizer.slots.map(array), numbers);
    const slots = Object.fromEntries(optimizer.slots.map((slot, i) => [slot, next.slots[i]!]));
    return compile({ values: next.parameter, ...slots }, this.options);
  }
}
