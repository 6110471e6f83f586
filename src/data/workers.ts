import { loadTokenizer } from "../text/load-tokenizer.ts";
import { ThreadPool } from "../thread-pool.ts";
import type { Task, ThreadSettings } from "./_messages.ts";
import { type EncodedCaption, type Preparation, type PreparedView, preparation, type ViewRequest } from "./_preparation.ts";

export interface WorkersOptions extends ThreadSettings {
  /**
   * Threads; 0 works in the caller's. Default: one less than the processor has cores, from 1 to 4; 0 where the package is not built, as
   * threads run the built file.
   */
  readonly workers?: number | undefined;
}

/** Captions handed over at a time. */
const captionsATask = 256;

/** Threads that decode, crop and tokenise, so that this is done while a training step computes. Call `dispose` when done. */
export class PairWorkers implements Preparation {
  private readonly pool: ThreadPool<Task> | undefined;
  /** Does the work where there are no threads. */
  private readonly local: Preparation;

  private constructor(pool: ThreadPool<Task> | undefined, local: Preparation) {
    this.pool = pool;
    this.local = local;
  }

  /**
   * @throws WeightsError when there is no usable vocabulary
   * @throws ConfigError when threads are asked for and the package is not built
   */
  static async open({ tokenizer, contextLength, workers }: WorkersOptions): Promise<PairWorkers> {
    // Also when threads load it again: a wrong vocabulary must be reported here.
    const local = preparation(await loadTokenizer(tokenizer), contextLength);
    const workerData: ThreadSettings = { tokenizer, contextLength };
    const program = ["data", "worker.js"];
    return new PairWorkers(ThreadPool.open({ program, workerData, threads: workers, what: "threads that prepare pairs" }), local);
  }

  /** Threads at work; 0 where the caller's does it. */
  get size(): number {
    return this.pool?.size ?? 0;
  }

  async view(request: ViewRequest): Promise<PreparedView> {
    return this.pool ? await this.pool.ask({ type: "view", request }) : await this.local.view(request);
  }

  async encode(captions: readonly string[]): Promise<EncodedCaption[]> {
    if (!this.pool) return await this.local.encode(captions);
    const parts: Promise<EncodedCaption[]>[] = [];
    for (let i = 0; i < captions.length; i += captionsATask) {
      parts.push(this.pool.ask({ type: "encode", captions: captions.slice(i, i + captionsATask) }));
    }
    return (await Promise.all(parts)).flat();
  }

  /** Stops the threads; pending tasks fail. */
  async dispose(): Promise<void> {
    await this.pool?.dispose();
  }
}
