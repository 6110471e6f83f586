import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { builtFile } from "./built-file.ts";
import { CancelledError, ConfigError, MedclipSamError } from "./errors.ts";
import type { FromThread, ToThread } from "./thread-tasks.ts";

/** More only make the queue of finished tasks longer. */
const mostByDefault = 4;

export interface ThreadPoolOptions {
  /** The program of the threads below `dist`, such as `["data", "worker.js"]`: one that calls `answerTasks`. */
  readonly program: readonly string[];
  /** What a program finds as its `workerData`. */
  readonly workerData: unknown;
  /**
   * Threads; 0: there are none, and the caller does the work. Default: one less than the processor has cores, from 1 to 4; 0 where the
   * package is not built, as threads run the built file.
   */
  readonly threads?: number | undefined;
  /** For messages: "threads that prepare pairs". */
  readonly what: string;
}

/** A thread with its pending tasks. */
interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, { resolve(value: never): void; reject(error: unknown): void }>;
}

/**
 * Threads that work while a training step computes. Call `dispose` when done.
 *
 * Tasks are distributed round-robin and immediately: a step blocks the caller's thread, which could not hand out more meanwhile.
 */
export class ThreadPool<Task> {
  private readonly threads: readonly Thread[];
  private readonly what: string;
  private count = 0;
  private failure: Error | undefined;

  private constructor(threads: readonly Thread[], what: string) {
    this.threads = threads;
    this.what = what;
    for (const thread of threads) this.listen(thread);
  }

  /**
   * @returns undefined where there are no threads
   * @throws ConfigError when threads are asked for and the package is not built
   */
  static open<Task>({ program, workerData, threads, what }: ThreadPoolOptions): ThreadPool<Task> | undefined {
    const file = builtFile(...program);
    const isBuilt = existsSync(file);
    const count = threads ?? (isBuilt ? Math.min(mostByDefault, Math.max(1, availableParallelism() - 1)) : 0);
    if (count === 0) return undefined;
    if (!isBuilt)
      throw new ConfigError(`${count} workers were asked for, but "${file}" is not there. Build the package, or use 0 workers.`);
    const all = Array.from({ length: count }, () => ({ worker: new Worker(file, { workerData }), pending: new Map() }));
    return new ThreadPool(all, what);
  }

  /** Number of threads. */
  get size(): number {
    return this.threads.length;
  }

  /** What a thread answers to a task. */
  ask<T>(task: Task): Promise<T> {
    if (this.failure) return Promise.reject(this.failure);
    const id = this.count++;
    const { worker, pending } = this.threads[id % this.threads.length]!;
    return new Promise<T>((resolve, reject) => {
      pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, task } satisfies ToThread<Task>);
    });
  }

  /** Stops the threads; pending tasks fail. */
  async dispose(): Promise<void> {
    this.failure ??= new CancelledError(`the ${this.what} were disposed of`);
    this.rejectAll(this.failure);
    await Promise.all(this.threads.map(({ worker }) => worker.terminate()));
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
    worker.on("exit", (status) => this.fail(new Error(`one of the ${this.what} ended with status ${status}`)));
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
