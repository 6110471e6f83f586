import { ThreadPool } from "../../thread-pool.ts";
import { BatchMaker, type BatchPlace, type BatchPlan, type CaseSets, type PatchBatch } from "./batches.ts";
import type { CaseEntry, Cases } from "./case-source.ts";

/** What a thread starts with. */
export interface LoaderThread {
  readonly training: readonly CaseEntry[];
  readonly validation: readonly CaseEntry[] | undefined;
  readonly plan: BatchPlan;
}

export interface LoaderOptions {
  /** Threads; 0 makes batches in the caller's. Default as `ThreadPool` has it. */
  readonly workers?: number | undefined;
  /** Batches of an epoch. */
  readonly stepsPerEpoch: number;
  /** Batches of the validation set after each epoch. */
  readonly validationSteps: number;
  readonly epochs: number;
}

/**
 * Batches in the order in which a training needs them. Threads make the next ones while a step computes: as many ahead as there are threads,
 * and one more, from one epoch into the next and for the validation between them. Call `dispose` when done.
 */
export class BatchLoader {
  private readonly maker: BatchMaker;
  private readonly pool: ThreadPool<BatchPlace> | undefined;
  private readonly options: LoaderOptions;
  /** Batches that are being made, by their number in the order. */
  private readonly coming = new Map<number, Promise<PatchBatch>>();

  private constructor(maker: BatchMaker, pool: ThreadPool<BatchPlace> | undefined, options: LoaderOptions) {
    this.maker = maker;
    this.pool = pool;
    this.options = options;
  }

  /** @throws ConfigError when threads are asked for and the package is not built */
  static open(sets: CaseSets<Cases>, plan: BatchPlan, options: LoaderOptions): BatchLoader {
    const workerData: LoaderThread = { training: sets.training.entries, validation: sets.validation?.entries, plan };
    const pool = ThreadPool.open<BatchPlace>({
      program: ["train", "supervised", "worker.js"],
      workerData,
      threads: options.workers,
      what: "threads that make batches",
    });
    return new BatchLoader(new BatchMaker(sets, plan), pool, options);
  }

  /** Threads at work; 0 where the caller's does it. */
  get size(): number {
    return this.pool?.size ?? 0;
  }

  /** The batch of a step of an epoch, both counted from 0. */
  training(epoch: number, step: number): Promise<PatchBatch> {
    return this.take(epoch * this.perEpoch + step);
  }

  /** A batch of the validation after an epoch. */
  validation(epoch: number, index: number): Promise<PatchBatch> {
    return this.take(epoch * this.perEpoch + this.options.stepsPerEpoch + index);
  }

  /** Stops the threads. */
  async dispose(): Promise<void> {
    this.coming.clear();
    await this.pool?.dispose();
  }

  private get perEpoch(): number {
    return this.options.stepsPerEpoch + this.options.validationSteps;
  }

  private take(number: number): Promise<PatchBatch> {
    if (!this.pool) return this.maker.make(this.placeOf(number));
    const last = Math.min(number + this.pool.size + 1, this.options.epochs * this.perEpoch - 1);
    for (let next = number; next <= last; next++) {
      if (this.coming.has(next)) continue;
      const batch = this.pool.ask<PatchBatch>(this.placeOf(next));
      batch.catch(() => {}); // reported when it is taken
      this.coming.set(next, batch);
    }
    const batch = this.coming.get(number)!;
    this.coming.delete(number);
    return batch;
  }

  private placeOf(number: number): BatchPlace {
    const { stepsPerEpoch } = this.options;
    const [epoch, within] = [Math.floor(number / this.perEpoch), number % this.perEpoch];
    return within < stepsPerEpoch
      ? { set: "training", step: epoch * stepsPerEpoch + within }
      : { set: "validation", epoch, index: within - stepsPerEpoch };
  }
}
