import { expect, test } from "vitest";
import { once, oncePerKey } from "./once.ts";

test("concurrent and later calls get one value", async () => {
  let computed = 0;
  const value = once(async () => ++computed);
  expect(await Promise.all([value(), value()])).toEqual([1, 1]);
  expect(await value()).toBe(1);
});

test("a failure is passed to all waiting calls, and the next call tries again", async () => {
  let tries = 0;
  const value = once(async () => {
    if (++tries === 1) throw new Error("no network");
    return tries;
  });
  const first = await Promise.allSettled([value(), value()]);
  expect(first.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await value()).toBe(2);
});

test("of values by key, the most recently used are kept", async () => {
  const computed: string[] = [];
  const keep = oncePerKey<string>(2);
  for (const key of ["a", "b", "a", "c", "a", "b"]) {
    await keep(key, async () => {
      computed.push(key);
      return key;
    });
  }
  expect(computed).toEqual(["a", "b", "c", "b"]);
});
