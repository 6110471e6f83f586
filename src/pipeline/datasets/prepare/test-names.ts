import { readFile } from "node:fs/promises";
import { ConfigError } from "../../../errors.ts";
import { parseJson } from "../../../files/json.ts";
import { lastName, withoutEnding } from "../../../scans/file-names.ts";

/**
 * Names of images, without folders and endings, from a JSON object whose keys they are, a JSON list, or a text file with one name per line.
 *
 * @throws ConfigError when the file cannot be read or names none
 */
export async function testNames(file: string): Promise<ReadonlySet<string>> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError(`--test: "${file}" cannot be read (${cause.code}).`, { cause });
  });
  const names = /\.json$/i.test(file) ? namesIn(parseJson(text, file, ConfigError), file) : text.split(/\r?\n/);
  const bare = names.map((name) => withoutEnding(lastName(name.trim()))).filter((name) => name !== "");
  if (bare.length === 0) throw new ConfigError(`--test: "${file}" names no images.`);
  return new Set(bare);
}

function namesIn(content: unknown, file: string): string[] {
  if (Array.isArray(content) && content.every((name) => typeof name === "string")) return content;
  if (typeof content === "object" && content !== null && !Array.isArray(content)) return Object.keys(content);
  throw new ConfigError(`--test: "${file}": expected an object whose keys are file names, or a list of file names.`);
}
