import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type ImageRecord, type RunHeader, readImageRecords, readRunHeaders, writes } from "../../run/record/record.ts";
import { folderOf, namedTargets, type Target, unnamedTarget } from "../../targets/target.ts";

/** The pictures that a step has made, and what is known of them. */
export interface StepResults {
  /** All targets of the run that made them. */
  readonly all: readonly Target[];
  /** The folders with the pictures of those targets of which there are some. */
  readonly folders: readonly { readonly target: Target; readonly pictures: string }[];
  /** The output folder of the run. */
  readonly run: string;
  /** The latest run that made such pictures; undefined where nothing tells of one. */
  readonly maker: RunHeader | undefined;
  /** What is known of each image, by name. */
  readonly records: ReadonlyMap<string, ImageRecord>;
}

/**
 * The results of a step: given is the folder that a run wrote, or the one with the pictures of a target in it.
 *
 * @throws ConfigError when there is no record and the names of folders cannot be those of targets
 */
export async function resultFolder(given: string, kind: "saliency" | "coarse"): Promise<StepResults> {
  const inner = await readdir(given).then(
    (names) => names.filter((name) => name === kind || name.startsWith(`${kind}_`)).sort(),
    (): string[] => [],
  );
  const run = inner.length > 0 ? given : dirname(resolve(given));
  const maker = (await readRunHeaders(run)).find(({ command }) => writes(command, kind));
  const records = await readImageRecords(run);
  const told = new Map(maker?.targets?.map(({ name, sentences }) => [name, sentences] as const));
  if (inner.length === 0) {
    const [, name = told.size === 1 ? [...told.keys()][0] : undefined] = basename(resolve(given)).split(`${kind}_`);
    const all = targetsOf(name === undefined ? new Map() : new Map([[name, told.get(name) ?? []]]), given);
    return { all, folders: [{ target: all[0]!, pictures: given }], run, maker, records };
  }
  // Where no record tells the targets, the names of their folders do.
  if (maker === undefined && !inner.includes(kind)) {
    const all = targetsOf(new Map(inner.map((name) => [name.slice(kind.length + 1), []])), given);
    return { all, folders: all.map((target, i) => ({ target, pictures: join(given, inner[i]!) })), run, maker, records };
  }
  const all = targetsOf(told, given);
  const folders = all.map((target) => ({ target, pictures: join(given, folderOf(kind, target, all)) }));
  const present = folders.filter(({ pictures }) => existsSync(pictures));
  return { all, folders: present.length > 0 ? present : folders, run, maker, records };
}

function targetsOf(sentencesOf: ReadonlyMap<string, readonly string[]>, given: string): Target[] {
  return sentencesOf.size === 0 ? [unnamedTarget([])] : namedTargets(sentencesOf, `"${given}"`);
}
