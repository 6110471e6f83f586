import { stat } from "node:fs/promises";
import { InputError } from "../errors.ts";
import type { CaptionRule } from "./caption.ts";
import { type CsvOptions, readCsvPairs } from "./csv-pairs.ts";
import { countReasons, type DroppedPair, imageName, type Pair, screenPairs } from "./pairs.ts";
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
}

/**
 * Reads the pairs of tables (CSV) and shards (WebDataset, names that end in `.tar`), cleans their captions, and drops those that are of
 * no use or whose image is not there. No image is decoded yet.
 *
 * @throws InputError when a table cannot be read, or nothing is left
 * @throws ConfigError when a table lacks a column
 */
export async function loadPairs(files: readonly string[], options: LoadPairsOptions = {}): Promise<PairSet> {
  const read: Pair[] = [];
  const dropped: DroppedPair[] = [];
  for (const file of files) {
    const isShard = file.toLowerCase().endsWith(".tar");
    const found = isShard ? await readShard(file, { groupField: options.groupColumn }) : await readCsvPairs(file, options);
    read.push(...found.pairs);
    dropped.push(...found.dropped);
  }
  const screened = screenPairs(distinctKeys(read), options.captions ?? "paper");
  const present = await withImage(screened.kept);
  dropped.push(...screened.dropped, ...present.dropped);
  const reasons = countReasons(dropped);
  if (present.kept.length === 0) {
    const words = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
    const example = present.dropped[0]
      ? ` The first missing image is "${present.dropped[0].detail}"; --images DIR names their folder.`
      : "";
    throw new InputError(
      `${files.map((file) => `"${file}"`).join(", ")}: no pair can be used (${words.join(", ") || "there are none"}).${example}`,
    );
  }
  return { pairs: present.kept, dropped, reasons };
}

/** Pairs of several files may have the same key: the later ones get another. */
function distinctKeys(pairs: readonly Pair[]): Pair[] {
  const seen = new Map<string, number>();
  return pairs.map((pair) => {
    const count = (seen.get(pair.key) ?? 0) + 1;
    seen.set(pair.key, count);
    return count === 1 ? pair : { ...pair, key: `${pair.key} (${count})` };
  });
}

/** How many files are looked for at a time. */
const atOnce = 64;

async function withImage(pairs: readonly Pair[]): Promise<{ kept: Pair[]; dropped: DroppedPair[] }> {
  const kept: Pair[] = [];
  const dropped: DroppedPair[] = [];
  for (let i = 0; i < pairs.length; i += atOnce) {
    const part = pairs.slice(i, i + atOnce);
    const there = await Promise.all(part.map(({ image }) => !("file" in image) || isFile(image.file)));
    for (const [k, pair] of part.entries()) {
      if (there[k]) kept.push(pair);
      else dropped.push({ key: pair.key, kind: "input", reason: "missing image", detail: imageName(pair.image) });
    }
  }
  return { kept, dropped };
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
