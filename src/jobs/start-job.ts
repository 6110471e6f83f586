import { type ChildProcess, fork } from "node:child_process";
import { builtFile } from "../built-file.ts";
import type { RunEvent } from "../run/events.ts";
import { removeRunLeftovers } from "../run/record/leftovers.ts";
import { EventQueue } from "./event-queue.ts";
import type { JobName } from "./jobs.ts";
import type { FromWorker, JobError, ToWorker } from "./messages.ts";
import { withDescriptorsOf } from "./own-descriptors.ts";

/** How a job ended. */
export type Outcome =
  | { readonly type: "finished" }
  | { readonly type: "error"; readonly error: JobError }
  /** It was cancelled. Files under their final names are complete. */
  | { readonly type: "interrupted" }
  /** The child process ended without a message: it was killed, or crashed in native code. */
  | {
      readonly type: "died";
      readonly signal: NodeJS.Signals | null;
      readonly exitCode: number | null;
      /** Last output of libraries, which may show the cause. */
      readonly printed: string;
    };

/** A job running in a separate process. */
export interface RunningJob {
  /** Events of the job, until it ends. They are buffered for a single reader. */
  readonly events: AsyncIterable<RunEvent>;
  /**
   * Asks it to stop, and kills it if it does not stop soon, as it cannot while native code runs. A second call kills it at once.
   * Cancelling a finished job has no effect.
   */
  cancel(): void;
  /** Resolves with the outcome once its process has ended and its incomplete files are removed. */
  readonly done: Promise<Outcome>;
}

export interface StartOptions {
  /** The program of the child process; by default that of this package. See worker.ts for what it must do. */
  readonly worker?: string;
  /** Grace period of a cancelled job, in milliseconds; default 250. */
  readonly graceMs?: number;
}

/** Number of characters kept of the output of libraries. */
const mostPrinted = 4000;

/** Longest time that cleaning up may take when somebody waits for a killed job to be gone. */
const cleanUpMs = 300;

/**
 * Starts a job in a child process: native code blocks the event loop for seconds, so that only a process of its own can be stopped at once
 * while the caller's stays free. A caller that ends takes its jobs with it.
 *
 * @param settings - checked by the schema of the job
 * @throws ConfigError when a path among them cannot be passed to another process
 * @example
 * const job = startJob("segment", settings);
 * for await (const event of job.events) if (event.type === "item") console.log(event.name);
 * console.log((await job.done).type);
 */
export function startJob(name: JobName, settings: Readonly<Record<string, unknown>>, options: StartOptions = {}): RunningJob {
  const { worker = builtFile("jobs", "worker.js"), graceMs = 250 } = options;
  const passed = withDescriptorsOf(process.pid, settings, outputNames);
  // What libraries print is for their developers, and must not mix with results and progress.
  const child = fork(worker, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  const events = new EventQueue<RunEvent>();
  let told: Outcome | undefined;
  let grace: NodeJS.Timeout | undefined;
  let isCancelled = false;

  let printed = "";
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding("utf8").on("data", (text: string) => (printed = (printed + text).slice(-mostPrinted)));
  child.on("message", (message: FromWorker) => {
    if (message.type === "event") events.push(message.event);
    else told = message.type === "error" ? { type: "error", error: message.error } : { type: "finished" };
  });
  tell(child, { type: "run", job: name, settings: passed });

  const outcomeOf = async (): Promise<Outcome> => {
    const { code, signal } = await ended(child);
    // A job that finished in spite of being cancelled has finished.
    if (told?.type === "finished") return told;
    if (!isCancelled) return told ?? { type: "died", signal, exitCode: code, printed };
    return { type: "interrupted" };
  };
  const done = outcomeOf()
    .finally(() => {
      clearTimeout(grace);
      events.end();
    })
    .then(async (outcome) => {
      if (outcome.type === "interrupted" || outcome.type === "died")
        await within(cleanUpMs, Promise.allSettled(outputsOf(settings).map(removeRunLeftovers)));
      return outcome;
    });
  done.catch(() => {}); // reported to those who await it
  return {
    events,
    done,
    cancel: () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      if (isCancelled)
        child.kill("SIGKILL"); // the second time: at once
      else grace = setTimeout(() => child.kill("SIGKILL"), graceMs);
      isCancelled = true;
      tell(child, { type: "cancel" });
    },
  };
}

/** Settings that are files and folders that a job writes. */
const outputNames = ["out", "csv", "json"];

function outputsOf(settings: Readonly<Record<string, unknown>>): string[] {
  return outputNames.map((name) => settings[name]).filter((path) => typeof path === "string");
}

function tell(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => {}); // a child that is gone is noticed by its end
}

/** Resolves when the process is gone, and its last message and print have arrived: they can come after its end. */
async function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const drained = new Promise<void>((resolve) => child.once("disconnect", resolve));
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
    child.once("error", reject);
  });
  const end = await exit;
  if (child.connected) await drained;
  return end;
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
