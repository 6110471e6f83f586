import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Matches test files that change their process for later tests: mocks and spies, environment variables, arguments, the working folder. */
const changing = /\bvi\b[^\n]* from "vitest"|\bprocess\.(env|argv|chdir)\b/;

/** Test files of some folders that need a process of their own, as paths relative to `root`. */
export function isolatedTests(root: string, folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((name) => join(folder, String(name)))
      .filter((file) => file.endsWith(".test.ts") && changing.test(readFileSync(join(root, file), "utf8"))),
  );
}
