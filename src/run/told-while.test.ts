import { expect, test } from "vitest";
import type { RunEvent } from "./events.ts";
import { toldWhile } from "./told-while.ts";

/** The messages of some work, and its result. */
async function followed<T>(events: AsyncGenerator<RunEvent, T>): Promise<{ said: string[]; result: T }> {
  const said: string[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done) return { said, result: value };
    if (value.type === "stage") said.push(value.message);
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("what work says comes while it runs, then its result", async () => {
  const gate = { open: () => {} };
  const opened = new Promise<void>((resolve) => {
    gate.open = resolve;
  });
  const events = toldWhile(async (tell) => {
    tell("one");
    await turn();
    tell("two");
    await opened;
    tell("three");
    return 7;
  });
  expect(await events.next()).toEqual({ done: false, value: { type: "stage", message: "one" } });
  expect(await events.next()).toEqual({ done: false, value: { type: "stage", message: "two" } }); // the work still waits
  gate.open();
  expect(await followed(events)).toEqual({ said: ["three"], result: 7 });
});

test("work that fails throws after what it said", async () => {
  const events = toldWhile(async (tell) => {
    tell("one");
    await turn();
    throw new Error("no");
  });
  expect(await events.next()).toMatchObject({ value: { message: "one" } });
  await expect(events.next()).rejects.toThrow("no");
});

test("whoever stops listening waits for the work to end", async () => {
  let hasEnded = false;
  const events = toldWhile(async (tell) => {
    tell("one");
    await turn();
    hasEnded = true;
  });
  for await (const _ of events) break;
  expect(hasEnded).toBe(true);
});
