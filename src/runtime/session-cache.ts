import { type Disposable, thenDispose } from "../then-dispose.ts";
import type { Session } from "./session.ts";
import { SharedSession } from "./shared-session.ts";

/** Sessions of graphs that differ in their shapes, opened when first worked with; the least recently used one is let go. */
export class SessionCache<T extends Disposable = Session> implements Disposable {
  /** The one used last comes last. */
  private readonly sessions = new Map<string, SharedSession<T>>();
  private readonly limit: number;
  /** Those that made room for others and are not let go yet, or could not be. */
  private readonly leaving = new Set<Promise<void>>();

  /** @param limit - sessions that are kept at most: each holds the memory of its largest run */
  constructor(limit: number) {
    this.limit = limit;
  }

  /**
   * Does some work with the session of a key. Callers at once share it; see `SharedSession`. The work must not ask the same cache for
   * another session, which may wait until this one is free.
   *
   * @param open - opens the session where there is none, after the one that it replaces has been let go
   */
  async use<R>(key: string, open: () => Promise<T>, work: (session: T) => Promise<R>): Promise<R> {
    const session = this.sessions.get(key) ?? this.added(open);
    this.sessions.delete(key);
    this.sessions.set(key, session);
    try {
      return await session.use(work);
    } finally {
      // One that could not be opened takes nobody's place.
      if (!session.isOpen && this.sessions.get(key) === session) this.sessions.delete(key);
    }
  }

  /**
   * Lets all sessions go; the next work opens them again.
   *
   * @throws the first error of letting one go, of those, too, that made room for others before
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
    // Its error is of no concern to whoever needs another session: `dispose` tells it.
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
