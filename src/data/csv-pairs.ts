import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import { ConfigError, InputError } from "../errors.ts";
import type { DroppedPair, Pair } from "./pairs.ts";

/** Which columns of a table hold what. */
export interface CsvColumns {
  /** Default `filename`, as in the released script. */
  readonly imageColumn?: string | undefined;
  /** Default `Caption`. */
  readonly captionColumn?: string | undefined;
  /** Column whose value must not be torn apart by a split; default: none. */
  readonly groupColumn?: string | undefined;
}

export interface CsvOptions extends CsvColumns {
  /** Between two fields; default ",". */
  readonly separator?: string | undefined;
  /** Folder of the images; default: that of the table. */
  readonly images?: string | undefined;
}

/** What stands for "no value" in a table, as pandas reads it. */
const missing = new Set(["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A"]);

/**
 * The pairs of a table with a header, one row a pair; further columns are ignored. A caption that is empty or stands for "no value"
 * is an empty caption (the released script trains on the word "nan").
 *
 * @returns pairs in the order of the rows, whose keys are the image names as given, with `#2` and so on where they are repeated;
 *   rows without an image are dropped. Whether the images are there is not looked at
 * @throws InputError when the file cannot be read as UTF-8 or as such a table
 * @throws ConfigError when a column is not there; names those that are
 */
export async function readCsvPairs(file: string, options: CsvOptions = {}): Promise<{ pairs: Pair[]; dropped: DroppedPair[] }> {
  const { imageColumn = "filename", captionColumn = "Caption", groupColumn, separator = "," } = options;
  const [header, ...rows] = rowsOf(await readText(file), file, separator);
  if (!header) throw new InputError(`"${file}" is empty; expected a table whose first row names the columns`);
  const column = (name: string, flag: string): number => {
    const index = header.indexOf(name);
    if (index >= 0) return index;
    throw new ConfigError(
      `"${file}" has no column "${name}"; it has ${header.map((other) => `"${other}"`).join(", ")}. Name the right one with ${flag}` +
        (header.length === 1 ? ", or the character between the columns with --separator." : "."),
    );
  };
  const at = { image: column(imageColumn, "--image-column"), caption: column(captionColumn, "--caption-column") };
  const group = groupColumn === undefined ? undefined : column(groupColumn, "--group-column");
  const folder = options.images ?? dirname(file);

  const pairs: Pair[] = [];
  const dropped: DroppedPair[] = [];
  const seen = new Map<string, number>();
  for (const [i, row] of rows.entries()) {
    const name = row[at.image]!.trim();
    if (name === "") {
      dropped.push({ key: `row ${i + 2}`, kind: "input", reason: "no image named" });
      continue;
    }
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const caption = row[at.caption]!;
    pairs.push({
      key: count === 1 ? name : `${name}#${count}`,
      image: { file: isAbsolute(name) ? name : join(folder, name) },
      caption: missing.has(caption.trim()) ? "" : caption,
      ...(group !== undefined && row[group] !== "" && { group: row[group]! }),
    });
  }
  return { pairs, dropped };
}

async function readText(file: string): Promise<string> {
  try {
    // Fatal: an archive or a table in another encoding must not become replacement characters.
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new InputError(`"${file}" does not exist`, { cause });
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA")
      throw new InputError(`"${file}" is not UTF-8 text. Save the table as UTF-8.`, { cause });
    throw new InputError(`"${file}" cannot be read: ${message}`, { cause });
  }
}

function rowsOf(text: string, file: string, separator: string): string[][] {
  try {
    return parse(text, { bom: true, delimiter: separator, skip_empty_lines: true }) as string[][];
  } catch (cause) {
    if (cause instanceof CsvError) throw new InputError(`"${file}" is not a table: ${cause.message}`, { cause });
    throw cause;
  }
}
