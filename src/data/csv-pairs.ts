import { dirname, isAbsolute, join, normalize } from "node:path";
import { isMissing, readTable } from "./_table.ts";
import type { DroppedPair, FoundPairs, Pair } from "./pairs.ts";

/** Which columns of a table hold what. */
export interface CsvColumns {
  /** Default `filename`, as in the released script. */
  readonly imageColumn?: string | undefined;
  /** Default `Caption`. */
  readonly captionColumn?: string | undefined;
  /** Column of the group, which a split keeps together; default: none. */
  readonly groupColumn?: string | undefined;
}

export interface CsvOptions extends CsvColumns {
  /** Between two fields; default ",". */
  readonly separator?: string | undefined;
  /** Folder of the images; default: that of the table. */
  readonly images?: string | undefined;
}

/**
 * The pairs of a table with a header, one row a pair; further columns are ignored. A caption that is empty or stands for "no value"
 * is an empty caption (the released script trains on the word "nan").
 *
 * @returns pairs in the order of the rows, whose keys are the image names as given, with `#2` and so on where they are repeated;
 *   rows without an image are dropped. Whether the images are there is not looked at
 * @throws InputError when the file cannot be read as UTF-8 or as such a table
 * @throws ConfigError when a column is not there; names those that are
 */
export async function readCsvPairs(file: string, options: CsvOptions = {}): Promise<FoundPairs> {
  const { imageColumn = "filename", captionColumn = "Caption", groupColumn, separator = "," } = options;
  const { rows, column } = await readTable(file, separator);
  const at = { image: column(imageColumn, "--image-column"), caption: column(captionColumn, "--caption-column") };
  const group = groupColumn === undefined ? undefined : column(groupColumn, "--group-column");
  const folder = options.images ?? dirname(file);

  const pairs: Pair[] = [];
  const dropped: DroppedPair[] = [];
  const seen = new Map<string, number>();
  let alone = 0;
  for (const [i, row] of rows.entries()) {
    const name = row[at.image]!.trim();
    if (name === "") {
      dropped.push({ key: `row ${i + 2}`, kind: "input", reason: "no image named" });
      continue;
    }
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const caption = row[at.caption]!;
    const isAlone = group !== undefined && isMissing(row[group]!);
    if (isAlone) alone++;
    pairs.push({
      key: count === 1 ? name : `${name}#${count}`,
      image: { file: isAbsolute(name) ? normalize(name) : join(folder, name) },
      caption: isMissing(caption) ? "" : caption,
      ...(group !== undefined && !isAlone && { group: row[group]!.trim() }),
    });
  }
  return { pairs, dropped, warnings: withoutGroup(file, alone, `column "${groupColumn}"`) };
}

/** Says how many pairs have no group: each counts as one of its own, so that a patient may end up in training and validation. */
export function withoutGroup(file: string, count: number, where: string): string[] {
  if (count === 0) return [];
  return [`"${file}": ${count} pairs have no value in the ${where}; they are split by image, not by group`];
}
