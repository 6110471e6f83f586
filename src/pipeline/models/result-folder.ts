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
    (names) => names.filter((name) => name === kind || name.startsWith(`${kind}_`)),
    (): string[] => [],
  );
  const run = inner.length > 0 ? given : dirname(resolve(given));
  const maker = (await readRunHeaders(run)).find(({ command }) => writes(command, kind));
  const records = await readImageRecords(run);
  const told = maker?.targets?.map(({ name, sentences }) => [name, sentences] as const);
  if (inner.length === 0) {
    const [, name = told?.length === 1 ? told[0]![0] : undefined] = basename(resolve(given)).split(`${kind}_`);
    const [target] =
      name === undefined ? [unnamedTarget([])] : namedTargets(new Map([[name, new Map(told).get(name) ?? []]]), `"${given}"`);
    return { all: [target!], folders: [{ target: target!, pictures: given }], run, maker, records };
  }
  const named = told ?? (inner.includes(kind) ? [] : inner.sort().map((name) => [name.slice(kind.length + 1), []] as const));
  const all = named.length > 0 && (told || !maker) ? namedTargets(new Map(named), `"${given}"`) : [unnamedTarget([])];
  const folders = all.map((target) => ({ target, pictures: join(given, folderOf(kind, target, all)) }));
  const present = folders.filter(({ pictures }) => existsSync(pictures));
  return { all, folders: present.length > 0 ? present : folders, run, maker, records };
}
