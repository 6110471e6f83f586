import type { JobError } from "../jobs/messages.ts";
import { type Outcome, supervise } from "../jobs/supervise.ts";
import type { RunEvent } from "../run/events.ts";
import { removeRunLeftovers } from "../run/leftovers.ts";
import { type ExitStatus, exitStatus, statusOfError } from "./exit-status.ts";
import { Progress } from "./progress.ts";

export interface RunJobOptions {
  readonly worker: URL;
  readonly job: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** What is to be said before anything else. */
  readonly warnings: readonly string[];
  /** One JSON event a line on standard output instead of progress. */
  readonly events: boolean;
  readonly quiet: boolean;
  readonly resumes: boolean;
}

/** Longest time that cleaning up may take when somebody waits for their prompt. */
const cleanUpMs = 300;

/** Runs a job in its process, shows what it does, and says with which status to exit. */
export async function runJob({ worker, job, settings, warnings, events, quiet, resumes }: RunJobOptions): Promise<ExitStatus> {
  const outputs = [settings.out, settings.csv, settings.json].filter((path) => typeof path === "string");
  const progress = new Progress(process.stderr, { quiet: quiet || events });
  let failed = 0;
  const onEvent = (event: RunEvent) => {
    if (event.type === "end") failed = event.failed;
    if (events) process.stdout.write(`${JSON.stringify(event)}\n`);
    else progress.show(event);
    if (event.type === "end" && !events) for (const line of event.lines ?? []) process.stdout.write(`${line}\n`);
  };
  for (const message of warnings) onEvent({ type: "warning", message });
  const outcome = await supervise({ worker, job, settings, onEvent });
  progress.clear();
  if (outcome.type === "finished") return failed > 0 ? exitStatus.failed : exitStatus.ok;
  if (outcome.type !== "error") await within(cleanUpMs, Promise.allSettled(outputs.map(removeRunLeftovers)));
  const { status, error, hint } = endOf(outcome, resumes);
  if (events) process.stdout.write(`${JSON.stringify({ type: "error", ...error })}\n`);
  process.stderr.write(`${status === exitStatus.interrupted ? "" : "error: "}${error.message}\n${hint}`);
  return status;
}

/** What to say about a run that did not finish. */
function endOf(outcome: Exclude<Outcome, { type: "finished" }>, resumes: boolean): { status: ExitStatus; error: JobError; hint: string } {
  switch (outcome.type) {
    case "interrupted": {
      const message = resumes ? "interrupted; what is finished is kept, run the same command again to go on" : "interrupted";
      return { status: exitStatus.interrupted, error: { code: "cancelled", message }, hint: "" };
    }
    case "died":
      return { status: exitStatus.failed, error: { message: causeOfDeath(outcome) }, hint: "" };
    case "error": {
      const { code, stack } = outcome.error;
      if (code) return { status: statusOfError[code], error: outcome.error, hint: "" };
      return {
        status: exitStatus.failed,
        error: outcome.error,
        hint: stack ? `This is a mistake in the program, please report it:\n${stack}\n` : "",
      };
    }
  }
}

function causeOfDeath({ signal, exitCode }: Extract<Outcome, { type: "died" }>): string {
  if (signal === "SIGKILL") {
    return "the working process was killed from outside, most likely because memory ran out. Close other programs, or use a smaller model or image.";
  }
  if (signal === "SIGABRT" || exitCode === 134) return "the working process was aborted, most likely because memory ran out";
  return `the working process ended unexpectedly (${signal ? `signal ${signal}` : `status ${exitCode}`})`;
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
