import { basename, normalize, resolve } from "node:path";
import { ConfigError, InputError } from "../errors.ts";
import { presentFiles } from "../scans/present-file.ts";
import type { CaptionRule } from "./caption.ts";
import { type CsvOptions, readCsvPairs } from "./csv-pairs.ts";
import { isShard } from "./is-shard.ts";
import { countReasons, type DroppedPair, type FoundPairs, imageName, type Pair, reasonWords, screenPairs } from "./pairs.ts";
import { readShard } from "./webdataset.ts";

export interface LoadPairsOptions extends CsvOptions {
  /** How captions are cleaned and which are dropped; default `paper`. */
  readonly captions?: CaptionRule | undefined;
}

/** Pairs that can be used, and what became of the others. */
export interface PairSet {
  readonly pairs: readonly Pair[];
  readonly dropped: readonly DroppedPair[];
  /** How many were dropped for each reason, the most frequent first. */
  readonly reasons: Readonly<Record<string, number>>;
  /** What else the user should know, in whole sentences. */
  readonly warnings: readonly string[];
}

/**
 * Reads the pairs of tables (CSV) and shards (WebDataset, names that end in `.tar`), cleans their captions, and drops those that are of
 * no use or whose image is not there. No image is decoded yet.
 *
 * @throws InputError when a table cannot be read, or nothing is left
 * @throws ConfigError when a table lacks a column, or a file is given twice
 */
export async function loadPairs(files: readonly string[], options: LoadPairsOptions = {}): Promise<PairSet> {
  const twice = files.find((file, i) => files.findIndex((other) => resolve(other) === resolve(file)) < i);
  if (twice !== undefined) throw new ConfigError(`"${twice}" is given twice. Give each table or shard once.`);
  const read: FoundPairs[] = [];
  for (const file of files) {
    const shard = { name: shardName(file, files), groupField: options.groupColumn };
    read.push(isShard(file) ? await readShard(file, shard) : await readCsvPairs(file, options));
  }
  const screened = screenPairs(distinctKeys(read.flatMap(({ pairs }) => pairs)), options.captions ?? "paper");
  const present = await withImage(screened.kept);
  const dropped = [...read.flatMap((found) => found.dropped), ...screened.dropped, ...present.dropped];
  const reasons = countReasons(dropped);
  if (present.kept.length === 0) {
    const example = present.dropped[0]
      ? ` The first missing image is "${present.dropped[0].detail}"; --images DIR names their folder.`
      : "";
    throw new InputError(
      `${files.map((file) => `"${file}"`).join(", ")}: no pair can be used (${reasonWords(reasons) || "there are none"}).${example}`,
    );
  }
  return { pairs: present.kept, dropped, reasons, warnings: read.flatMap(({ warnings }) => warnings) };
}

/** A shard's name in keys: that of its file, or its path where another shard's file has the same. */
function shardName(file: string, files: readonly string[]): string {
  const isOnly = files.filter((other) => basename(other) === basename(file)).length === 1;
  return isOnly ? basename(file) : normalize(file).replaceAll("\\", "/");
}

/** Pairs of several files may have the same key: the later ones get another, which nobody else has. */
function distinctKeys(pairs: readonly Pair[]): Pair[] {
  const taken = new Set(pairs.map(({ key }) => key));
  const counts = new Map<string, number>();
  return pairs.map((pair) => {
    let count = (counts.get(pair.key) ?? 0) + 1;
    let key = pair.key;
    if (count > 1) {
      while (taken.has(`${pair.key} (${count})`)) count++;
      key = `${pair.key} (${count})`;
      taken.add(key);
    }
    counts.set(pair.key, count);
    return key === pair.key ? pair : { ...pair, key };
  });
}

async function withImage(pairs: readonly Pair[]): Promise<{ kept: Pair[]; dropped: DroppedPair[] }> {
  const files = await presentFiles(pairs.flatMap(({ image }) => ("file" in image ? [image.file] : [])));
  const kept: Pair[] = [];
  const dropped: DroppedPair[] = [];
  for (const pair of pairs) {
    const { image } = pair;
    const file = "file" in image ? files.get(image.file) : undefined;
    if (!("file" in image) || file === image.file) kept.push(pair);
    else if (file !== undefined) kept.push({ ...pair, image: { file } });
    else dropped.push({ key: pair.key, kind: "input", reason: "missing image", detail: imageName(image) });
  }
  return { kept, dropped };
}
