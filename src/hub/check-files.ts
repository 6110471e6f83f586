import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { WeightsError } from "../errors.ts";
import { readJsonIfPresent } from "../files/read-json.ts";
import { BundledModel, modelFileName } from "./bundle/manifest.ts";
import { filesOfSnapshot, placeInCache } from "./cache.ts";
import { hashesOfFile, hashLike } from "./file-hashes.ts";
import { pinsOfCommit } from "./pins.ts";

/** Files whose hash is known, compared with it. */
export interface CheckedFiles {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Reads the files of a downloaded or unpacked model and compares their hashes with those of its first download; files that another program has
 * downloaded, with the hash that the cache names them by. Models from elsewhere have no known hashes.
 *
 * @param weights - the file of weights
 */
export async function checkFiles(weights: string): Promise<CheckedFiles> {
  const expected = (await expectedInCache(resolve(weights))) ?? (await expectedIn(dirname(resolve(weights))));
  if (!expected) return { problems: [], notes: [] };
  const problems: string[] = [];
  for (const [file, hash] of expected.hashes) {
    const found = await hashesOfFile(file).catch(() => undefined);
    if (!found) problems.push(`"${file}" is missing or cannot be read`);
    else if (hashLike(hash, found) !== hash)
      problems.push(`"${file}" has changed: its hash is ${hashLike(hash, found)}, ${expected.words} it was ${hash}`);
  }
  const { size } = expected.hashes;
  return {
    problems,
    notes:
      problems.length === 0
        ? [`${size === 1 ? "the hash of the file is that" : `the hashes of ${size} files are those`} ${expected.words}`]
        : [],
  };
}

interface Expected {
  readonly hashes: ReadonlyMap<string, string>;
  readonly words: string;
}

async function expectedInCache(weights: string): Promise<Expected | undefined> {
  const place = placeInCache(weights);
  if (!place) return undefined;
  const pinned = await pinsOfCommit(place.repository, place.commit);
  const named = await filesOfSnapshot(place.snapshot);
  const hashes = new Map([...named].flatMap(([, { file, etag }]) => (etag === undefined ? [] : [[file, etag] as const])));
  for (const [path, { sha256 }] of Object.entries(pinned?.files ?? {})) hashes.set(join(place.snapshot, ...path.split("/")), sha256);
  return { hashes, words: pinned ? "at the first download" : "by which the cache names them" };
}

async function expectedIn(folder: string): Promise<Expected | undefined> {
  const file = join(folder, modelFileName);
  const json = await readJsonIfPresent(file, WeightsError);
  if (json === undefined) return undefined;
  const { data, error } = BundledModel.safeParse(json);
  if (error) throw new WeightsError(`"${file}" is damaged: ${z.prettifyError(error)}`);
  return {
    hashes: new Map(Object.entries(data.files).map(([path, { sha256 }]) => [join(folder, ...path.split("/")), sha256])),
    words: "in its bundle",
  };
}
