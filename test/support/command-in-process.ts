import { Writable } from "node:stream";
import { runProgram } from "../../src/cli/program.ts";
import type { StartJob } from "../../src/cli/run-job.ts";
import { MedclipSamError } from "../../src/errors.ts";
import { EventQueue } from "../../src/jobs/event-queue.ts";
import { type Job, jobs } from "../../src/jobs/jobs.ts";
import type { Outcome } from "../../src/jobs/start-job.ts";
import type { RunEvent } from "../../src/run/events.ts";
import type { CommandResult } from "./command.ts";

/**
 * Runs the command and its job in this process. Each of the two processes of the built command takes longer to start than most jobs of
 * tests; what they are for is tested with `runCommand`.
 *
 * @param env - environment variables that are set meanwhile
 */
export async function runInProcess(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  const text = { stdout: "", stderr: "" };
  const undo = [
    ...(["stdout", "stderr"] as const).map((name) => replace(name, (part) => (text[name] += part))),
    ...Object.entries(env).map(([name, value]) => setVariable(name, value)),
  ];
  try {
    await runProgram([process.execPath, "medclip-sam", ...args], startHere);
    return { status: Number(process.exitCode), signal: null, ...text };
  } finally {
    process.exitCode = undefined;
    for (const back of undo) back();
  }
}

/** Replaces a standard stream. @returns how to put it back */
function replace(name: "stdout" | "stderr", take: (part: string) => void): () => void {
  const own = Object.getOwnPropertyDescriptor(process, name)!;
  const stream = new Writable({
    decodeStrings: false,
    write: (part: string, _encoding, done) => {
      take(part);
      done();
    },
  });
  Object.defineProperty(process, name, { configurable: true, get: () => stream });
  return () => Object.defineProperty(process, name, own);
}

function setVariable(name: string, value: string): () => void {
  const { [name]: before } = process.env;
  process.env[name] = value;
  return () => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  };
}

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Starts a job in this process. What goes in and out is plain JSON, as between processes. */
const startHere: StartJob = (name, settings) => {
  const cancel = new AbortController();
  const events = new EventQueue<RunEvent>();
  const outcome = async (): Promise<Outcome> => {
    try {
      const run = (await jobs[name]()) as Job<unknown>;
      for await (const event of run(plain(settings), { signal: cancel.signal })) events.push(plain(event));
      return { type: "finished" };
    } catch (error) {
      if (error instanceof MedclipSamError) return { type: "error", error: { code: error.code, message: error.message } };
      throw error;
    } finally {
      events.end();
    }
  };
  return { events, done: outcome(), cancel: () => cancel.abort() };
};
