import { readFile } from "node:fs/promises";
import { CsvError, parse } from "csv-parse/sync";
import { ConfigError, InputError } from "../errors.ts";

/** A table whose first row names the columns. */
export interface Table {
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** Without the header. */
  readonly rows: readonly (readonly string[])[];
  /**
   * The index of a column.
   *
   * @param flag - the setting that names it, for the message
   * @throws ConfigError when it is not there; names those that are
   */
  readonly column: (name: string, flag: string) => number;
}

/** What stands for "no value" in a table, as pandas reads it. */
const missing = new Set(["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A"]);

/** Whether a field stands for "no value". */
export function isMissing(field: string): boolean {
  return missing.has(field.trim());
}

/** @throws InputError when the file cannot be read as UTF-8 or as a table with a header */
export async function readTable(file: string, separator: string): Promise<Table> {
  const text = await readText(file);
  const [header, ...rows] = rowsOf(text, file, separator);
  if (!header) throw new InputError(`"${file}" is empty; expected a table whose first row names the columns`);
  const column = (name: string, flag: string): number => {
    const index = header.indexOf(name);
    if (index !== header.lastIndexOf(name)) throw new ConfigError(`"${file}" has the column "${name}" twice. Rename one of them.`);
    if (index >= 0) return index;
    const other = Object.keys(separators).find((one) => one !== separator && headerOf(text, one).includes(name));
    const cure =
      other === undefined
        ? `Name the right one with ${flag}${header.length === 1 ? ", or the character between the columns with --separator" : ""}.`
        : `With --separator ${separators[other]} would find it.`;
    throw new ConfigError(`"${file}" has no column "${name}"; it has ${header.map((one) => `"${one}"`).join(", ")}. ${cure}`);
  };
  return { columns: header, rows, column };
}

/** Characters that tables usually have between their columns, and how they are written as a setting. */
const separators: Readonly<Record<string, string>> = { ",": '","', ";": '";"', "\t": "tab" };

/** The first row as another separator would split it; nothing where it cannot. */
function headerOf(text: string, separator: string): readonly string[] {
  try {
    return (parse(text, { bom: true, delimiter: separator, skip_empty_lines: true, to: 1 }) as string[][])[0] ?? [];
  } catch {
    return [];
  }
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
    if (cause instanceof CsvError) {
      const columns = headerOf(text, separator).length;
      const other = Object.keys(separators).find((one) => headerOf(text, one).length > columns);
      const hint = other === undefined ? "" : `. Its first row has more columns with --separator ${separators[other]}`;
      throw new InputError(`"${file}" is not a table: ${cause.message}${hint}`, { cause });
    }
    throw cause;
  }
}
