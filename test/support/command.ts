import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { mainFile } from "./build.ts";

/** Result of a command. */
export interface CommandResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a line of shell script in which "$@" is the built command with its arguments. */
export function runInShell(line: string, args: readonly string[]): CommandResult {
  const { status, signal, stdout, stderr } = spawnSync("bash", ["-c", line, "bash", process.execPath, mainFile, ...args], {
    encoding: "utf8",
  });
  return { status, signal, stdout, stderr };
}

/** Starts the built command as a separate process, without a terminal. */
export function startCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; result: Promise<CommandResult> } {
  const child = spawn(process.execPath, [mainFile, ...args], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (part: string) => (text[name] += part));
  const result = new Promise<CommandResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve({ status, signal, ...text }));
  });
  return { child, result };
}

/** Sends a signal to a command with `--events` as soon as its output holds a text, or it has ended. @returns its result */
export async function signalAt(
  { child, result }: ReturnType<typeof startCommand>,
  text: string,
  signal: NodeJS.Signals,
): Promise<CommandResult> {
  await new Promise<void>((resolve) => {
    let seen = "";
    child.stdout!.on("data", (part: string) => {
      seen += part;
      if (seen.includes(text)) resolve();
    });
    void result.then(() => resolve());
  });
  child.kill(signal);
  return await result;
}

/** The same as soon as it reports a step. */
export const signalAtStep = (command: ReturnType<typeof startCommand>, step: number, signal: NodeJS.Signals): Promise<CommandResult> =>
  signalAt(command, `{"type":"step","step":${step},`, signal);

/** Runs the built command to its end. */
export function runCommand(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<CommandResult> {
  return startCommand(args, env).result;
}

/** Runs the built command in a folder to which the worker process of a killed command may still write: waits until that process has ended. */
export async function runWhenFree(args: readonly string[]): Promise<CommandResult> {
  for (;;) {
    const result = await runCommand(args);
    if (!/process \d+ is writing into/.test(result.stderr)) return result;
    await sleep(200);
  }
}
