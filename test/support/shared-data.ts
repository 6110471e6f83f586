import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "vitest";

/** The folder with the parity cases and real images; they are not part of the repository (their licences differ). */
export const shared = resolve(process.env.MEDCLIP_SAM_SHARED ?? "../shared");

/** Cases made of numbers alone that travel with the repository, under the same paths. */
const golden = resolve(import.meta.dirname, "../golden");

/** A file of the shared folder, or the copy that travels with the repository. */
export const sharedPath = (...parts: string[]): string =>
  [resolve(shared, ...parts), resolve(golden, ...parts)].find(existsSync) ?? resolve(shared, ...parts);

/** A JSON file of the shared folder. */
export const sharedJson = <T>(...parts: string[]): T => JSON.parse(readFileSync(sharedPath(...parts), "utf8")) as T;

/** A `describe` that is skipped, with the reason in its title, where the named files are absent. */
export function describeWith(paths: string[], title: string, body: () => void): void {
  const missing = paths.find((path) => !existsSync(sharedPath(path)));
  if (missing === undefined) describe(title, body);
  else {
    // Vitest runs the body of a skipped `describe` to list its tests, and the body may read the files that are not there.
    const reason = `skipped: "${missing}" is not in ${shared}; set MEDCLIP_SAM_SHARED`;
    describe.skip(title, () => test(reason, () => undefined));
  }
}
