import type { Disposable } from "../then-dispose.ts";
import type { Session } from "./session.ts";

/** An opened session, or one that is being opened, and the work that goes on with it. */
interface Opened<T> {
  readonly session: Promise<T>;
  readonly running: Set<Promise<unknown>>;
}

/**
 * A session that is opened on first use. Concurrent callers share it; if it cannot be opened, the next caller tries again;
 * it is disposed of only when no caller uses it any more. After that the next caller opens it again.
 */
export class SharedSession<T extends Disposable = Session> implements Disposable {
  private readonly open: () => Promise<T>;
  private current: Opened<T> | undefined;
  private closing: Promise<unknown> = Promise.resolve();

  constructor(open: () => Promise<T>) {
    this.open = open;
  }

  /** Whether it is open, or being opened. */
  get isOpen(): boolean {
    return this.current !== undefined;
  }

  /** Does some work with the session; it must not dispose of this session, which would wait for it. */
  async use<R>(work: (session: T) => Promise<R>): Promise<R> {
    this.current ??= this.start();
    const { session, running } = this.current;
    const run = session.then(work);
    running.add(run);
    try {
      return await run;
    } finally {
      running.delete(run);
    }
  }

  /** Waits for running work, then disposes of the session. Without a session it does nothing. */
  async dispose(): Promise<void> {
    const before = this.closing;
    const mine = this.close();
    this.closing = mine.catch(() => undefined); // its error is reported once
    await before;
    await mine;
  }

  private start(): Opened<T> {
    const session = Promise.resolve().then(this.open);
    const opened: Opened<T> = { session, running: new Set() };
    session.catch(() => {
      if (this.current === opened) this.current = undefined;
    });
    return opened;
  }

  private async close(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    if (!current) return;
    await Promise.allSettled(current.running);
    const session = await current.session.catch(() => undefined); // its callers have the error
    await session?.dispose();
  }
}
