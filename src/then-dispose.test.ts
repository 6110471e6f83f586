import { expect, test } from "vitest";
import { streamThenDispose, thenDispose } from "./then-dispose.ts";

/** Things that note that they were disposed of; those with a message fail at it. */
function held(...messages: (string | undefined)[]) {
  const disposed: number[] = [];
  const things = messages.map((message, i) => ({
    async dispose() {
      disposed.push(i);
      if (message !== undefined) throw new Error(message);
    },
  }));
  return { things, disposed };
}

test("the error of the work is not hidden by one of disposing, and all are disposed of", async () => {
  const { things, disposed } = held("release failed", undefined);
  const work = async () => {
    throw new Error("disk full");
  };
  await expect(thenDispose(work, ...things)).rejects.toThrow("disk full");
  expect(disposed).toEqual([0, 1]);
});

test("what has a close is closed, and its error hides none", async () => {
  const file = { close: () => Promise.reject(new Error("close failed")) };
  await expect(thenDispose(async () => 1, file)).rejects.toThrow("close failed");
  await expect(thenDispose(() => Promise.reject(new Error("disk full")), file)).rejects.toThrow("disk full");
});

test("if only disposing fails, its error is thrown after all were disposed of", async () => {
  const { things, disposed } = held("first", "second", undefined);
  await expect(thenDispose(async () => 1, ...things)).rejects.toThrow("first");
  expect(disposed).toEqual([0, 1, 2]);
});

test("the same holds for a stream, and one that is left early is over", async () => {
  const failing = held("release failed");
  const stream = streamThenDispose(
    async function* () {
      yield 1;
      throw new Error("disk full");
    },
    ...failing.things,
    undefined,
  );
  await stream.next();
  await expect(stream.next()).rejects.toThrow("disk full");
  expect(failing.disposed).toEqual([0]);

  const left = held(undefined);
  for await (const event of streamThenDispose(
    async function* () {
      yield 1;
      yield 2;
    },
    ...left.things,
  )) {
    expect(event).toBe(1);
    break;
  }
  expect(left.disposed).toEqual([0]);
});
