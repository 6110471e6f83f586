import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunEvent } from "../run/events.ts";
import type { JobName } from "./jobs.ts";
import { type Outcome, type RunningJob, startJob } from "./start-job.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supervise-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a worker of a few lines, which get `send(message)` and, once the job arrives, `settings`. */
async function run(name: string, body: string, onEvent: (event: RunEvent, job: RunningJob) => void = () => {}) {
  const file = join(folder, `${name}.mjs`);
  await writeFile(
    file,
    `const send = (message) => new Promise((resolve) => process.send(message, resolve));
     const note = (message) => send({ type: "event", event: { type: "stage", message } });
     process.on("SIGINT", () => {});
     process.on("message", async ({ type, settings }) => { if (type === "cancel") globalThis.cancelled = true; else { ${body} } });`,
  );
  const job = startJob(name as JobName, { out: "x" }, { worker: file, graceMs: 100 });
  const seen: RunEvent[] = [];
  for await (const event of job.events) {
    seen.push(event);
    onEvent(event, job);
  }
  return { outcome: await job.done, seen };
}

const pidOf = (event: RunEvent) => Number((event as { message: string }).message);
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("events arrive in order, all of them before the end", async () => {
  const body = `for (let i = 0; i < 500; i++) note(String(i)); await send({ type: "finished" }); process.exit(0);`;
  const { outcome, seen } = await run("many", body);
  expect(outcome).toEqual({ type: "finished" });
  expect(seen.map(pidOf)).toEqual(Array.from({ length: 500 }, (_, i) => i));
});

test("the settings arrive, and errors come back as data", async () => {
  const body = `await send({ type: "error", error: { code: "weights", message: settings.out } }); process.exit(0);`;
  expect((await run("error", body)).outcome).toEqual({ type: "error", error: { code: "weights", message: "x" } });
});

describe("a job that is cancelled", () => {
  test("is killed where it blocks, and its process is gone", async () => {
    let pid = 0;
    const { outcome } = await run("blocking", "await note(process.pid); for (;;);", (event, job) => {
      pid = pidOf(event);
      job.cancel();
    });
    expect(outcome).toEqual({ type: "interrupted" });
    expect(isAlive(pid)).toBe(false);
  });

  test("may stop by itself, and tells what it does until then", async () => {
    const body = `await note(process.pid);
      const timer = setInterval(async () => { if (globalThis.cancelled) { await note("0"); await send({ type: "error", error: { code: "cancelled", message: "" } }); process.exit(0); } }, 5);`;
    const { outcome, seen } = await run("willing", body, (event, job) => {
      if (pidOf(event) > 0) job.cancel();
    });
    expect(outcome).toEqual({ type: "interrupted" });
    expect(seen).toHaveLength(2);
  });

  test("is killed at once when it is cancelled again, however long it may take", async () => {
    const file = join(folder, "twice.mjs");
    await writeFile(file, "process.on('message', () => { for (;;); });");
    const job = startJob("segment", {}, { worker: file, graceMs: 1e9 });
    job.cancel();
    job.cancel();
    expect(await job.done).toEqual({ type: "interrupted" });
  });

  test("has finished if it finished all the same; cancelling what has ended does nothing", async () => {
    const body = `await note(process.pid); const timer = setInterval(async () => { if (globalThis.cancelled) { await send({ type: "finished" }); process.exit(0); } }, 5);`;
    let kept: RunningJob | undefined;
    const { outcome } = await run("late", body, (_, job) => {
      kept = job;
      job.cancel();
    });
    expect(outcome).toEqual({ type: "finished" });
    kept!.cancel();
    expect(await kept!.done).toEqual({ type: "finished" });
  });
});

test("two jobs at once do not mix", async () => {
  const body = (text: string) =>
    `for (let i = 0; i < 20; i++) await note("${text}" + i); await send({ type: "finished" }); process.exit(0);`;
  const [one, two] = await Promise.all([run("one", body("1000")), run("two", body("2000"))]);
  expect(one.seen.every((event) => String(pidOf(event)).startsWith("1000"))).toBe(true);
  expect(two.seen).toHaveLength(20);
});

test("a worker that is killed from outside, or crashes, has died", async () => {
  const killed = await run("killed", "await note(process.pid); for (;;);", (event) => process.kill(pidOf(event), "SIGKILL"));
  expect(killed.outcome).toEqual<Outcome>({ type: "died", signal: "SIGKILL", exitCode: null, printed: "" });
  const crashed = await run("crashed", `console.error("no memory for a tensor"); process.exit(7);`);
  expect(crashed.outcome).toEqual<Outcome>({ type: "died", signal: null, exitCode: 7, printed: "no memory for a tensor\n" });
});
