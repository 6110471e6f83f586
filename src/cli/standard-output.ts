import { fstatSync, type Stats, statSync, writeSync } from "node:fs";
import type { z } from "zod";
import { ConfigError } from "../errors.ts";
import { kebab } from "../kebab.ts";
import { settingsThat } from "../run/settings/meta.ts";

/** Prints results. Errors come as the "error" event of the stream. */
export function print(text: string): void {
  if (!isRegularFile()) {
    process.stdout.write(text);
    return;
  }
  // On a full disk the system may write a part; the stream of a regular file would take that for the whole.
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(process.stdout.fd, bytes, done);
  } catch (error) {
    process.stdout.emit("error", error);
  }
}

function isRegularFile(): boolean {
  try {
    return fstatSync(process.stdout.fd).isFile();
  } catch {
    return false;
  }
}

/** @throws ConfigError when a result file is standard output, on which events are printed */
export function refuseAmongEvents(schema: z.ZodType, settings: Readonly<Record<string, unknown>>): void {
  for (const name of settingsThat(schema, ({ group, placeholder }) => group === "Output" && placeholder === "FILE")) {
    const file = settings[name];
    if (typeof file !== "string" || file === "/dev/null" || !isStandardOutput(file)) continue;
    throw new ConfigError(`--events prints to standard output, and --${kebab(name)} "${file}" would be mixed with it. Name a file.`);
  }
}

function isStandardOutput(file: string): boolean {
  const [found, own] = [() => statSync(file), () => fstatSync(process.stdout.fd)].map((of) => statsOf(of));
  return found !== undefined && own !== undefined && found.dev === own.dev && found.ino === own.ino;
}

function statsOf(of: () => Stats): Stats | undefined {
  try {
    return of();
  } catch {
    return undefined;
  }
}

/** Whether the reader of a pipe has left, as `head` does. That is no fault: nobody wants the rest. */
export function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return code === "EPIPE" || code === "ERR_STREAM_DESTROYED";
}
