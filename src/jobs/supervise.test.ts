import { EventEmitter } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunEvent } from "../run/events.ts";
import { type Outcome, supervise } from "./supervise.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supervise-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a worker of a few lines, which get `send(message)` and, once the job arrives, `settings`. */
async function run(name: string, body: string, onEvent: (event: RunEvent, signals: EventEmitter) => void = () => {}) {
  const file = join(folder, `${name}.mjs`);
  await writeFile(
    file,
    `const send = (message) => new Promise((resolve) => process.send(message, resolve));
     const note = (message) => send({ type: "event", event: { type: "stage", message } });
     process.on("SIGINT", () => {});
     process.on("message", async ({ type, settings }) => { if (type === "cancel") globalThis.cancelled = true; else { ${body} } });`,
  );
  const signals = new EventEmitter();
  const seen: RunEvent[] = [];
  let interruptedAt = 0;
  signals.on("SIGINT", () => (interruptedAt = performance.now()));
  const outcome = await supervise({
    worker: pathToFileURL(file),
    job: name,
    settings: { out: "x" },
    signals,
    onEvent: (event) => {
      seen.push(event);
      onEvent(event, signals);
    },
  });
  expect(signals.listenerCount("SIGTERM")).toBe(0);
  return { outcome, seen, afterMs: performance.now() - interruptedAt };
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

describe("Ctrl-C", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"])("%s stops a job that blocks within a second, and its process is gone", async (signal) => {
    let pid = 0;
    const body = "await note(process.pid); for (;;);";
    const { outcome, afterMs } = await run("blocking", body, (event, signals) => {
      pid = pidOf(event);
      setTimeout(() => {
        if (signal !== "SIGINT") signals.emit("SIGINT"); // only to start the clock of this test
        signals.emit(signal);
      }, 50);
    });
    expect(outcome).toEqual({ type: "interrupted" });
    expect(afterMs).toBeLessThan(1000);
    expect(isAlive(pid)).toBe(false);
  });

  test("a job that stops by itself is not killed", async () => {
    const body = `await note(process.pid);
      const timer = setInterval(async () => { if (globalThis.cancelled) { await note("0"); await send({ type: "error", error: { code: "cancelled", message: "" } }); process.exit(0); } }, 5);`;
    const { outcome, seen, afterMs } = await run("willing", body, (event, signals) => {
      if (pidOf(event) > 0) signals.emit("SIGINT");
    });
    expect(outcome).toEqual({ type: "interrupted" });
    expect(seen).toHaveLength(2);
    expect(afterMs).toBeLessThan(250);
  });

  test("the second one kills at once", async () => {
    const { outcome, afterMs } = await run("twice", "await note(process.pid); for (;;);", (_, signals) => {
      signals.emit("SIGINT");
      signals.emit("SIGINT");
    });
    expect(outcome).toEqual({ type: "interrupted" });
    expect(afterMs).toBeLessThan(200);
  });
});

test("a worker that is killed from outside, or crashes, has died", async () => {
  const killed = await run("killed", "await note(process.pid); for (;;);", (event) => process.kill(pidOf(event), "SIGKILL"));
  expect(killed.outcome).toEqual<Outcome>({ type: "died", signal: "SIGKILL", exitCode: null });
  const crashed = await run("crashed", "process.exit(7);");
  expect(crashed.outcome).toEqual<Outcome>({ type: "died", signal: null, exitCode: 7 });
});
