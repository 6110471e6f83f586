import { expect, test } from "vitest";
import { turns } from "./_turns.ts";

test("no more than so many pieces of work go on at once; the others start in the order they came, after a failure, too", async () => {
  const inTurn = turns(2);
  const started: number[] = [];
  let running = 0;
  const work = async (i: number) => {
    started.push(i);
    expect(++running).toBeLessThanOrEqual(2);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    if (i === 1) throw new Error("1");
    return i;
  };
  const first = await Promise.allSettled([0, 1, 2, 3, 4].map((i) => inTurn(() => work(i))));
  expect(first.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"]);
  expect(await Promise.all([5, 6, 7].map((i) => inTurn(() => work(i))))).toEqual([5, 6, 7]);
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});
