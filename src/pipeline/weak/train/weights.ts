import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import { InputError } from "../../../errors.ts";
import { listed } from "../../../listed.ts";

/**
 * How much each case counts in the loss, from a table with the columns `name` and `weight`, such as the decisions of `weak pseudo-label`.
 *
 * @param cases - names of the data set; rows of others are accepted with weight 0 alone, as decisions list what was dropped, too
 * @throws InputError that names the row that is wrong, or cases that are not there
 */
export async function readWeights(file: string, cases: readonly string[]): Promise<Map<string, number>> {
  const text = await readFile(file).catch((cause: Error) => {
    throw new InputError(`"${file}" cannot be read: ${cause.message}`, { cause });
  });
  const rows = parsed(text, file);
  const weights = new Map<string, number>();
  for (const [i, { name, weight }] of rows.entries()) {
    const at = `"${file}", row ${i + 2}`;
    if (name === undefined || weight === undefined) throw new InputError(`"${file}" must have the columns "name" and "weight".`);
    const value = Number(weight);
    if (weight.trim() === "" || !(value >= 0 && Number.isFinite(value)))
      throw new InputError(`${at}: the weight of "${name}" must be a number from 0 on, got "${weight}".`);
    if (weights.has(name)) throw new InputError(`${at}: "${name}" has a weight already. Remove one of the rows.`);
    weights.set(name, value);
  }
  const known = new Set(cases);
  const strangers = [...weights].filter(([name, weight]) => weight > 0 && !known.has(name)).map(([name]) => name);
  if (strangers.length > 0)
    throw new InputError(
      `"${file}" gives a weight to cases that are not in the data set: ${listed(strangers, 5)}. Are its names those of other files?`,
    );
  return weights;
}

function parsed(text: Buffer, file: string): Partial<Record<"name" | "weight", string>>[] {
  try {
    return parse(text, { columns: true, bom: true, skip_empty_lines: true });
  } catch (cause) {
    throw new InputError(`"${file}" is not a table (CSV): ${(cause as Error).message}`, { cause });
  }
}
