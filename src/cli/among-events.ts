import { fstatSync, type Stats, statSync } from "node:fs";
import type { z } from "zod";
import { ConfigError } from "../errors.ts";
import { kebab } from "../kebab.ts";
import { settingsThat } from "../run/settings/meta.ts";

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
