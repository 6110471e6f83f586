import type { Session } from "./session.ts";

/** Sessions of graphs that differ in their shapes, made when first asked for; the least recently used one is let go. */
export class SessionCache<T extends Pick<Session, "dispose"> = Session> {
  private readonly sessions = new Map<string, Promise<T>>();
  private readonly limit: number;

  /** @param limit - sessions that are kept at most: each holds the memory of its largest run */
  constructor(limit: number) {
    this.limit = limit;
  }

  async get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.sessions.get(key);
    if (known) {
      this.sessions.delete(key);
      this.sessions.set(key, known);
      return await known;
    }
    const [oldest] = this.sessions;
    if (oldest && this.sessions.size >= this.limit) {
      this.sessions.delete(oldest[0]);
      await (await oldest[1]).dispose();
    }
    const session = make();
    this.sessions.set(key, session);
    return await session;
  }

  async dispose(): Promise<void> {
    const sessions = await Promise.all(this.sessions.values());
    this.sessions.clear();
    await Promise.all(sessions.map((session) => session.dispose()));
  }
}
