/**
 * The program of the child process in which long jobs run. Native code blocks the event loop for seconds, so a job can only be
 * stopped at once by killing its process; the command's own process stays free to notice Ctrl-C and to clean up.
 */
import { Worker } from "node:worker_threads";
import { MedclipSamError } from "../errors.ts";
import { type Job, type JobName, jobs } from "./jobs.ts";
import type { FromWorker, JobError, ToWorker } from "./messages.ts";

const cancel = new AbortController();

process.on("message", (message: ToWorker) => {
  if (message.type === "cancel") cancel.abort();
  else void work(message.job, message.settings);
});
// The parent is gone: nobody waits for results, and nobody could stop this process.
process.on("disconnect", () => process.exit(1));
// While native code runs, that event is not seen; a thread of its own sees that this process has another parent now.
const watch = `const parent = process.ppid;
setInterval(() => process.ppid !== parent && process.kill(process.pid, "SIGKILL"), 500);`;
new Worker(watch, { eval: true }).unref();
// Ctrl-C reaches the whole process group; what happens then is decided by the parent.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});

async function work(name: string, settings: unknown): Promise<void> {
  try {
    const run = (await jobs[name as JobName]()) as Job<unknown>;
    for await (const event of run(settings, { signal: cancel.signal })) await send({ type: "event", event });
    await send({ type: "finished" });
  } catch (error) {
    await send({ type: "error", error: describe(error) });
  }
  process.exit(0);
}

/** Resolves when the message is on its way, so that exiting does not lose it. */
function send(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    process.send!(message, () => resolve());
  });
}

function describe(error: unknown): JobError {
  if (error instanceof MedclipSamError) return { code: error.code, message: error.message };
  return error instanceof Error ? { message: error.message, ...(error.stack && { stack: error.stack }) } : { message: String(error) };
}
