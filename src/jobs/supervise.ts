import { type ChildProcess, fork } from "node:child_process";

import type { RunEvent } from "../run/events.ts";
import type { FromWorker, JobError, ToWorker } from "./messages.ts";

/** How a supervised job ended. */
export type Outcome =
  | { readonly type: "finished" }
  | { readonly type: "error"; readonly error: JobError }
  | { readonly type: "interrupted" }
  /** The child process ended without a word: killed from outside, or crashed in native code. */
  | { readonly type: "died"; readonly signal: NodeJS.Signals | null; readonly exitCode: number | null };

/** Where Ctrl-C and the wish to end arrive: `process`, or a stand-in in tests. */
interface SignalSource {
  on(signal: "SIGINT" | "SIGTERM" | "SIGHUP", listener: () => void): unknown;
  off(signal: "SIGINT" | "SIGTERM" | "SIGHUP", listener: () => void): unknown;
}

interface SuperviseOptions {
  /** The worker's program; see worker.ts for what it must do. */
  readonly worker: URL;
  readonly job: string;
  readonly settings: unknown;
  readonly onEvent: (event: RunEvent) => void;
  /** Default: `process`. */
  readonly signals?: SignalSource;
  /** How long an interrupted job may take to stop by itself, in milliseconds; default 250. */
  readonly graceMs?: number;
}

const signalNames = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs a job in a child process and hands on its events.
 *
 * On Ctrl-C (SIGINT), SIGTERM or SIGHUP the job is asked to stop, and killed when it does not do so at once, as it cannot while native
 * code runs. Results that are under their final name stay; half-written ones are left to `removeRunLeftovers`.
 */
export async function supervise({ worker, job, settings, onEvent, signals = process, graceMs = 250 }: SuperviseOptions): Promise<Outcome> {
  // What libraries print must not mix with results on standard output, so it goes to standard error.
  const child = fork(worker, { stdio: ["ignore", 2, 2, "ipc"] });
  let outcome: Outcome | undefined;
  let grace: NodeJS.Timeout | undefined;
  let isInterrupted = false;

  const interrupt = () => {
    if (isInterrupted)
      child.kill("SIGKILL"); // the second time: at once
    else grace = setTimeout(() => child.kill("SIGKILL"), graceMs);
    isInterrupted = true;
    tell(child, { type: "cancel" });
  };
  for (const name of signalNames) signals.on(name, interrupt);
  try {
    child.on("message", (message: FromWorker) => {
      if (message.type === "event") onEvent(message.event);
      else outcome = message.type === "error" ? { type: "error", error: message.error } : { type: "finished" };
    });
    tell(child, { type: "run", job, settings });
    const { code, signal } = await ended(child);
    // A job that finished in spite of the interruption has finished.
    if (outcome?.type === "finished") return outcome;
    if (isInterrupted) return { type: "interrupted" };
    return outcome ?? { type: "died", signal, exitCode: code };
  } finally {
    clearTimeout(grace);
    for (const name of signalNames) signals.off(name, interrupt);
  }
}

function tell(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => {}); // a child that is gone is noticed by its end
}

/** Resolves when the process is gone and its last message has arrived: the one can come before the other. */
async function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const drained = new Promise<void>((resolve) => child.once("disconnect", resolve));
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", reject);
  });
  const end = await exit;
  if (child.connected) await drained;
  return end;
}
