import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "vitest";
import { openSafetensors, readSafetensors } from "../../src/tensor/safetensors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** The folder with the parity cases and real images; they are not part of the repository (their licences differ). */
export const shared = resolve(process.env.MEDCLIP_SAM_SHARED ?? "../shared");

/** Cases that consist of numbers only and are part of the repository, under the same paths. */
const golden = resolve(import.meta.dirname, "../golden");

/** A file of the shared folder, or its copy in the repository. */
export const sharedPath = (...parts: string[]): string =>
  [resolve(shared, ...parts), resolve(golden, ...parts)].find(existsSync) ?? resolve(shared, ...parts);

/** A JSON file of the shared folder. */
export const sharedJson = <T>(...parts: string[]): T => JSON.parse(readFileSync(sharedPath(...parts), "utf8")) as T;

/** Names of the files in a shared folder that fit a pattern, in alphabetical order; none where the folder is absent. */
export function sharedNames(folder: string, pattern: RegExp): string[] {
  const path = sharedPath(folder);
  return existsSync(path)
    ? readdirSync(path)
        .filter((name) => pattern.test(name))
        .sort()
    : [];
}

/** A case: its tensors, and its settings from the metadata. The seed is 1 unless they say otherwise, as the cases' README states. */
export async function readCase<Settings>(
  ...parts: string[]
): Promise<{ tensors: ReadonlyMap<string, Tensor>; settings: Settings & { readonly seed: number } }> {
  const { tensors, metadata } = await readSafetensors(sharedPath(...parts));
  return { tensors, settings: { seed: 1, ...JSON.parse(metadata.case!) } };
}

/** A file of cases and its metadata. */
export interface CaseFile<Settings> {
  readonly file: string;
  readonly settings: Settings & { readonly seed: number };
}

/** The case files in a shared folder that fit a pattern, with their settings; their tensors stay unread. */
export async function caseFiles<Settings>(folder: string, pattern: RegExp): Promise<CaseFile<Settings>[]> {
  const files = sharedNames(folder, pattern);
  return await Promise.all(
    files.map(async (file) => {
      const { metadata } = await openSafetensors(sharedPath(folder, file));
      return { file, settings: { seed: 1, ...JSON.parse(metadata.case!) } };
    }),
  );
}

/** A `describe` that is skipped, with the reason in its title, where the named files are absent. */
export function describeWith(paths: string[], title: string, body: () => void | Promise<void>): void {
  const missing = paths.find((path) => !existsSync(sharedPath(path)));
  if (missing === undefined) describe(title, body);
  else skipped(title, missing);
}

/** A `describe` for the case files of a shared folder that fit a pattern; it is skipped, with the reason in its title, without any. */
export function describeCases<Settings>(
  folder: string,
  pattern: RegExp,
  title: string,
  body: (files: readonly CaseFile<Settings>[]) => void,
): void {
  if (sharedNames(folder, pattern).length === 0) skipped(title, `${folder}/${pattern.source}`);
  else describe(title, async () => body(await caseFiles<Settings>(folder, pattern)));
}

// Reason for the skip: the cases are not part of the repository, as their licences differ; a run that has them fails on such a skip.
// Vitest runs the body of a skipped `describe` to list its tests, and the body may read the files that are not there.
function skipped(title: string, missing: string): void {
  describe.skip(title, () => test(`skipped: "${missing}" is not in ${shared}; set MEDCLIP_SAM_SHARED`, () => undefined));
}
