import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { builtFile } from "../built-file.ts";
import { CancelledError, ConfigError, MedclipSamError } from "../errors.ts";
import { loadTokenizer } from "../text/load-tokenizer.ts";
import type { FromThread, Task, ThreadSettings, ToThread } from "./_messages.ts";
import { type EncodedCaption, type Preparation, type PreparedView, preparation, type ViewRequest } from "./_preparation.ts";

export interface WorkersOptions extends ThreadSettings {
  /**
   * Threads; 0 works in the caller's. Default: one less than the processor has cores, from 1 to 4; 0 where the package is not built, as
   * threads run the built file.
   */
  readonly workers?: number | undefined;
}

/** More only make the queue of finished pictures longer. */
const mostByDefault = 4;

/** Captions handed over at a time. */
const captionsATask = 256;

/** A thread with its pending tasks. */
interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, { resolve(value: never): void; reject(error: unknown): void }>;
}

/**
 * Threads that decode, crop and tokenise, so that this is done while a training step computes. Call `close` when done.
 *
 * Tasks are distributed round-robin and immediately: a step blocks the caller's thread, which could not hand out more meanwhile.
 */
export class PairWorkers implements Preparation {
  private readonly threads: readonly Thread[];
  /** Does the work where there are no threads. */
  private readonly local: Preparation | undefined;
  private count = 0;
  private failure: Error | undefined;

  private constructor(threads: readonly Thread[], local: Preparation | undefined) {
    this.threads = threads;
    this.local = local;
    for (const thread of threads) this.listen(thread);
  }

  /**
   * @throws WeightsError when there is no usable vocabulary
   * @throws ConfigError when threads are asked for and the package is not built
   */
  static async open({ tokenizer, contextLength, workers }: WorkersOptions): Promise<PairWorkers> {
    const program = builtFile("data", "worker.js");
    const isBuilt = existsSync(program);
    const count = workers ?? (isBuilt ? Math.min(mostByDefault, Math.max(1, availableParallelism() - 1)) : 0);
    // Also when threads load it again: a wrong vocabulary must be reported here.
    const loaded = await loadTokenizer(tokenizer);
    if (count === 0) return new PairWorkers([], preparation(loaded, contextLength));
    if (!isBuilt)
      throw new ConfigError(`${count} workers were asked for, but "${program}" is not there. Build the package, or use 0 workers.`);
    const workerData: ThreadSettings = { tokenizer, contextLength };
    const threads = Array.from({ length: count }, () => ({ worker: new Worker(program, { workerData }), pending: new Map() }));
    return new PairWorkers(threads, undefined);
  }

  /** Threads at work; 0 where the caller's does it. */
  get size(): number {
    return this.threads.length;
  }

  async view(request: ViewRequest): Promise<PreparedView> {
    return this.local ? await this.local.view(request) : await this.ask({ type: "view", request });
  }

  async encode(captions: readonly string[]): Promise<EncodedCaption[]> {
    if (this.local) return await this.local.encode(captions);
    const parts: Promise<EncodedCaption[]>[] = [];
    for (let i = 0; i < captions.length; i += captionsATask) {
      parts.push(this.ask({ type: "encode", captions: captions.slice(i, i + captionsATask) }));
    }
    return (await Promise.all(parts)).flat();
  }

  /** Stops the threads; pending tasks fail. */
  async dispose(): Promise<void> {
    this.failure ??= new CancelledError("the threads that prepare pairs were disposed of");
    this.rejectAll(this.failure);
    await Promise.all(this.threads.map(({ worker }) => worker.terminate()));
  }

  private ask<T>(task: Task): Promise<T> {
    if (this.failure) return Promise.reject(this.failure);
    const id = this.count++;
    const { worker, pending } = this.threads[id % this.threads.length]!;
    return new Promise<T>((resolve, reject) => {
      pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, task } satisfies ToThread);
    });
  }

  private listen({ worker, pending }: Thread): void {
    worker.unref(); // idle threads do not keep a program alive
    worker.on("message", (answer: FromThread) => {
      const asked = pending.get(answer.id);
      pending.delete(answer.id);
      if (pending.size === 0) worker.unref();
      if ("value" in answer) asked?.resolve(answer.value as never);
      else asked?.reject(errorOf(answer.error));
    });
    worker.on("error", (error) => this.fail(error));
    worker.on("exit", (status) => this.fail(new Error(`a thread that prepares pairs ended with status ${status}`)));
  }

  /** If a thread exits by itself, its pending tasks are lost. */
  private fail(error: Error): void {
    this.failure ??= error;
    this.rejectAll(this.failure);
  }

  private rejectAll(error: Error): void {
    for (const { pending } of this.threads) {
      for (const { reject } of pending.values()) reject(error);
      pending.clear();
    }
  }
}

function errorOf({ code, message, stack }: Extract<FromThread, { error: object }>["error"]): Error {
  const error = code === undefined ? new Error(message) : new MedclipSamError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
