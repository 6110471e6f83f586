import { type Disposable, thenDispose } from "../then-dispose.ts";
import type { Session } from "./session.ts";
import { SharedSession } from "./shared-session.ts";

/** Sessions of graphs that differ in their shapes, opened on first use; the least recently used one is disposed of. */
export class SessionCache<T extends Disposable = Session> implements Disposable {
  /** In order of use, the most recent last. */
  private readonly sessions = new Map<string, SharedSession<T>>();
  private readonly limit: number;
  /** Evicted sessions that are not disposed of yet, or could not be. */
  private readonly leaving = new Set<Promise<void>>();

  /** @param limit - sessions that are kept at most: each holds the memory of its largest run */
  constructor(limit: number) {
    this.limit = limit;
  }

  /**
   * Does some work with the session of a key. Concurrent callers share it; see `SharedSession`. The work must not request another session
   * from the same cache, which may wait until this one is free.
   *
   * @param open - opens the session if there is none, after the one that it replaces has been disposed of
   */
  async use<R>(key: string, open: () => Promise<T>, work: (session: T) => Promise<R>): Promise<R> {
    const session = this.sessions.get(key) ?? this.added(open);
    this.sessions.delete(key);
    this.sessions.set(key, session);
    try {
      return await session.use(work);
    } finally {
      // A session that could not be opened does not evict another one.
      if (!session.isOpen && this.sessions.get(key) === session) this.sessions.delete(key);
    }
  }

  /**
   * Disposes of all sessions; the next work opens them again.
   *
   * @throws the first error of disposing of a session, including sessions evicted before
   */
  async dispose(): Promise<void> {
    const [sessions, leaving] = [[...this.sessions.values()], [...this.leaving]];
    this.sessions.clear();
    this.leaving.clear();
    await thenDispose(async () => void (await Promise.all(leaving)), ...sessions);
  }

  private added(open: () => Promise<T>): SharedSession<T> {
    const [oldest] = this.sessions;
    if (!oldest || this.sessions.size < this.limit) return new SharedSession(open);
    this.sessions.delete(oldest[0]);
    const gone = oldest[1].dispose();
    this.leaving.add(gone);
    // Its error does not concern callers that need another session: `dispose` reports it.
    const room = gone.then(
      () => this.leaving.delete(gone),
      () => undefined,
    );
    return new SharedSession(async () => {
      await room;
      return await open();
    });
  }
}
