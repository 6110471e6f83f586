import { InputError } from "./errors.ts";

/** The calls of a model that are in progress, so that it is disposed of after them, and refuses later ones. */
export class RunningCalls {
  private readonly running = new Set<Promise<unknown>>();
  private isEnded = false;

  /** Runs a call to its end. @throws InputError when the model was disposed of */
  async run<R>(where: string, work: () => Promise<R>): Promise<R> {
    if (this.isEnded) throw new InputError(`${where}: the model was disposed of. Load it again, or dispose of it later.`);
    const done = work();
    this.running.add(done);
    try {
      return await done;
    } finally {
      this.running.delete(done);
    }
  }

  /** Refuses later calls, and waits for those in progress. */
  async end(): Promise<void> {
    this.isEnded = true;
    await Promise.allSettled(this.running);
  }
}
