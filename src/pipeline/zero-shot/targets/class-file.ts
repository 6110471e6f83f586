import { readTable } from "../../../data/index.ts";
import { ConfigError, InputError } from "../../../errors.ts";
import { readJson } from "../../../files/read-json.ts";

/**
 * The class of each image, from a table with the columns `filename` and `class`, or a JSON object that maps file names to classes.
 *
 * @throws ConfigError when the file is neither
 */
export async function readClasses(file: string): Promise<Map<string, string>> {
  return /\.json$/i.test(file) ? await classesOfJson(file) : await classesOfTable(file);
}

async function classesOfJson(file: string): Promise<Map<string, string>> {
  const content = await readJson(file, ConfigError);
  const entries = typeof content === "object" && content !== null && !Array.isArray(content) ? Object.entries(content) : [];
  const wrong = entries.find(([, value]) => typeof value !== "string");
  if (entries.length === 0 || wrong)
    throw new ConfigError(
      `"${file}": expected an object that maps file names to classes${wrong ? `; ${JSON.stringify(wrong[0])} has none` : ""}.`,
    );
  return new Map(entries);
}

async function classesOfTable(file: string): Promise<Map<string, string>> {
  const { rows, columns } = await readTable(file, ",").catch((error: Error) => {
    throw error instanceof InputError ? new ConfigError(error.message, { cause: error }) : error;
  });
  const [name, own] = [columns.indexOf("filename"), columns.indexOf("class")];
  if (name < 0 || own < 0)
    throw new ConfigError(`"${file}": expected a table whose first row is "filename,class", got ${JSON.stringify(columns.join(","))}.`);
  const classes = new Map<string, string>();
  for (const row of rows) {
    const [image, value] = [row[name]!.trim(), row[own]!.trim()];
    if (image === "" || value === "") continue;
    const known = classes.get(image);
    if (known !== undefined && known !== value) throw new ConfigError(`"${file}": "${image}" has the classes "${known}" and "${value}".`);
    classes.set(image, value);
  }
  return classes;
}
