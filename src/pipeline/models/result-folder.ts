import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type ImageRecord, type RunHeader, readRuns, writes } from "../../run/record/record.ts";
import { folderOf, namedTargets, type Target, unnamedTarget } from "../../targets/target.ts";

/** The images that a step has written, and their records. */
export interface StepResults {
  /** All targets of the run that made them. */
  readonly all: readonly Target[];
  /** The folder of images of each target that has any. */
  readonly folders: readonly { readonly target: Target; readonly pictures: string }[];
  /** The output folder of the run. */
  readonly run: string;
  /** The latest run that wrote such images; undefined without a record. */
  readonly maker: RunHeader | undefined;
  /** The record of each image, by name. */
  readonly records: ReadonlyMap<string, ImageRecord>;
}

/**
 * The results of a step, from the output folder of a run or from its sub-folder with the images of one target.
 *
 * @throws ConfigError when there is no record and the folder names are not valid target names
 */
export async function resultFolder(given: string, kind: "saliency" | "coarse"): Promise<StepResults> {
  const inner = await readdir(given).then(
    (names) => names.filter((name) => name === kind || name.startsWith(`${kind}_`)).sort(),
    (): string[] => [],
  );
  const run = inner.length > 0 ? given : dirname(resolve(given));
  const { headers, images: records } = await readRuns(run);
  const maker = headers.find(({ command }) => writes(command, kind));
  const told = new Map(maker?.targets?.map(({ name, sentences }) => [name, sentences] as const));
  if (inner.length === 0) {
    const [, name = told.size === 1 ? [...told.keys()][0] : undefined] = basename(resolve(given)).split(`${kind}_`);
    const all = targetsOf(name === undefined ? new Map() : new Map([[name, told.get(name) ?? []]]), given);
    return { all, folders: [{ target: all[0]!, pictures: given }], run, maker, records };
  }
  // Without a record, targets are derived from the folder names.
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
