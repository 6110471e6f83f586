import { describe, expect, test } from "vitest";
import { SessionCache } from "./session-cache.ts";
import { SharedSession } from "./shared-session.ts";

/** A runtime that counts: sessions opened, and those that are open now. */
class FakeRuntime {
  opened = 0;
  readonly live = new Set<number>();
  /** Calls to `open` that are to fail, from 1. */
  readonly failing: readonly number[];
  most = 0;

  constructor(...failing: number[]) {
    this.failing = failing;
  }

  readonly open = async () => {
    const id = ++this.opened;
    await this.later();
    if (this.failing.includes(id)) throw new Error(`compile ${id} failed`);
    this.live.add(id);
    this.most = Math.max(this.most, this.live.size);
    return {
      run: async () => {
        await this.later();
        if (!this.live.has(id)) throw new Error(`session ${id} was let go while it ran`);
        return id;
      },
      dispose: async () => {
        await this.later();
        if (!this.live.delete(id)) throw new Error(`session ${id} was let go twice`);
      },
    };
  };

  private async later(): Promise<void> {
    for (let i = 0; i < 3; i++) await Promise.resolve();
  }
}

describe("a shared session", () => {
  const run = (session: { run(): Promise<number> }) => session.run();

  test("is opened once for concurrent callers, and closed once", async () => {
    const runtime = new FakeRuntime();
    const shared = new SharedSession(runtime.open);
    expect(await Promise.all([shared.use(run), shared.use(run), shared.use(run)])).toEqual([1, 1, 1]);
    await Promise.all([shared.dispose(), shared.dispose()]);
    await shared.dispose();
    expect(runtime.live.size).toBe(0);
  });

  test("that cannot be opened is tried again by the next caller", async () => {
    const runtime = new FakeRuntime(1);
    const shared = new SharedSession(runtime.open);
    const first = await Promise.allSettled([shared.use(run), shared.use(run)]);
    expect(first.map((result) => (result as PromiseRejectedResult).reason.message)).toEqual(["compile 1 failed", "compile 1 failed"]);
    await shared.dispose();
    expect(await shared.use(run)).toBe(2);
  });

  test("is not disposed of while it is opened or runs, and opened again afterwards", async () => {
    const runtime = new FakeRuntime();
    const shared = new SharedSession(runtime.open);
    const running = shared.use(run);
    await Promise.all([shared.dispose(), expect(running).resolves.toBe(1)]);
    expect(runtime.live.size).toBe(0);
    expect(await shared.use(run)).toBe(2);
    await shared.dispose();
    expect(runtime.live.size).toBe(0);
  });

  test("passes on errors of the work, and stays usable", async () => {
    const shared = new SharedSession(new FakeRuntime().open);
    await expect(shared.use(() => Promise.reject(new Error("out of memory")))).rejects.toThrow("out of memory");
    expect(await shared.use(run)).toBe(1);
  });
});

describe("a cache of sessions", () => {
  const of = (runtime: FakeRuntime, limit: number) => {
    const cache = new SessionCache<Awaited<ReturnType<FakeRuntime["open"]>>>(limit);
    return { cache, run: (key: string) => cache.use(key, runtime.open, (session) => session.run()) };
  };

  test("holds at most its limit under concurrent calls, and never disposes of a running session", async () => {
    const runtime = new FakeRuntime();
    const { cache, run } = of(runtime, 2);
    await Promise.all(["a", "b", "a", "c", "d", "a", "e"].map(run));
    expect(runtime.live.size).toBe(2);
    expect(runtime.most).toBeLessThanOrEqual(2);
    await cache.dispose();
    expect(runtime.live.size).toBe(0);
  });

  test("keeps the most recently used sessions", async () => {
    const { run } = of(new FakeRuntime(), 2);
    const ids: number[] = [];
    for (const key of ["a", "b", "a", "c", "a", "b"]) ids.push(await run(key));
    expect(ids).toEqual([1, 2, 1, 3, 1, 4]);
  });

  test("a key whose session cannot be opened takes no place", async () => {
    const runtime = new FakeRuntime(3);
    const { cache, run } = of(runtime, 2);
    await run("a");
    await run("b");
    await expect(run("c")).rejects.toThrow("compile 3 failed"); // "a" has made room
    expect(await run("d")).toBe(4);
    expect(await run("b")).toBe(2);
    await cache.dispose();
  });

  test("reports on dispose that an evicted session could not be disposed of", async () => {
    const runtime = new FakeRuntime();
    const cache = new SessionCache<{ dispose(): Promise<void> }>(1);
    const stuck = async () => ({ dispose: () => Promise.reject(new Error("release failed")) });
    await cache.use("a", stuck, async () => {});
    await cache.use("b", runtime.open, async () => {});
    expect(runtime.live.size).toBe(1);
    await expect(cache.dispose()).rejects.toThrow("release failed");
    expect(runtime.live.size).toBe(0);
    await cache.dispose();
  });

  test("is disposed of whole while sessions are opened, one of which fails", async () => {
    const runtime = new FakeRuntime(2);
    const { cache, run } = of(runtime, 4);
    const work = Promise.allSettled(["a", "b", "c"].map(run));
    await cache.dispose();
    expect((await work).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(runtime.live.size).toBe(0);
  });
});
