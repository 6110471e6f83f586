import type { JobError, JobName, Outcome, RunningJob } from "../jobs/index.ts";
import { startJob } from "../jobs/index.ts";
import type { RunEvent } from "../run/events.ts";
import { type ExitStatus, exitStatus, statusOfError } from "./exit-status.ts";
import { Progress } from "./progress.ts";
import { isReaderGone, print } from "./standard-output.ts";

/** Starts a job, as `startJob` does. */
export type StartJob = (job: JobName, settings: Readonly<Record<string, unknown>>) => RunningJob;

export interface RunJobOptions {
  readonly job: JobName;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Warnings to print first. */
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  /** One JSON event a line on standard output instead of progress. */
  readonly events: boolean;
  readonly quiet: boolean;
  readonly resumes: boolean;
  /** Default: in a child process. */
  readonly start?: StartJob | undefined;
}

const interrupts = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs a job, shows its progress, and returns the exit status.
 *
 * Ctrl-C and termination signals cancel it. With --events a closed pipe or a full disk cancels it, too, as the remaining events would be
 * lost; without, they do not, as results are in files.
 */
export async function runJob({
  job,
  settings,
  warnings,
  notes,
  events,
  quiet,
  resumes,
  start = startJob,
}: RunJobOptions): Promise<ExitStatus> {
  const progress = new Progress(process.stderr, { quiet: quiet || events });
  let failed = 0;
  let lost: NodeJS.ErrnoException | undefined;
  const show = (event: RunEvent) => {
    if (event.type === "end") failed = event.failed;
    if (events) print(`${JSON.stringify(event)}\n`);
    else progress.show(event);
    if (event.type === "end" && !events) for (const line of event.lines ?? []) print(`${line}\n`);
  };
  for (const message of warnings) show({ type: "warning", message });
  for (const message of notes) show({ type: "note", message });
  const running = start(job, settings);
  const leave = (error: NodeJS.ErrnoException) => {
    lost = error;
    running.cancel();
  };
  for (const name of interrupts) process.on(name, running.cancel);
  if (events) process.stdout.once("error", leave);
  try {
    for await (const event of running.events) show(event);
    const outcome = await running.done;
    progress.clear();
    if (outcome.type === "finished") return failed > 0 ? exitStatus.failed : exitStatus.ok;
    if (lost) return isReaderGone(lost) ? exitStatus.interrupted : exitStatus.failed;
    const { status, error, hint } = endOf(outcome, resumes);
    if (events) print(`${JSON.stringify({ type: "error", ...error })}\n`);
    process.stderr.write(`${status === exitStatus.interrupted ? "" : "error: "}${error.message}\n${hint}`);
    return status;
  } finally {
    for (const name of interrupts) process.off(name, running.cancel);
    process.stdout.off("error", leave);
  }
}

/** The message about a run that did not finish. */
function endOf(outcome: Exclude<Outcome, { type: "finished" }>, resumes: boolean): { status: ExitStatus; error: JobError; hint: string } {
  switch (outcome.type) {
    case "interrupted": {
      const message = resumes ? "interrupted; finished results are kept, run the same command again to resume" : "interrupted";
      return { status: exitStatus.interrupted, error: { code: "cancelled", message }, hint: "" };
    }
    case "died":
      return { status: exitStatus.failed, error: { message: causeOfDeath(outcome) }, hint: outcome.printed };
    case "error": {
      const { code, stack } = outcome.error;
      if (code) return { status: statusOfError[code], error: outcome.error, hint: "" };
      return {
        status: exitStatus.failed,
        error: outcome.error,
        hint: stack ? `This is a bug in medclip-sam, please report it:\n${stack}\n` : "",
      };
    }
  }
}

function causeOfDeath({ signal, exitCode }: Extract<Outcome, { type: "died" }>): string {
  if (signal === "SIGKILL") {
    return "the worker process was killed, most likely because memory ran out. Close other programs, or use a smaller model or image.";
  }
  if (signal === "SIGABRT" || exitCode === 134) return "the worker process was aborted, most likely because memory ran out";
  return `the worker process ended unexpectedly (${signal ? `signal ${signal}` : `status ${exitCode}`})`;
}
