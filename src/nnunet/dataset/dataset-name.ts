import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, InputError } from "../../errors.ts";
import { listed } from "../../listed.ts";

const pattern = /^Dataset(\d{3})_(.+)$/;

/** "Dataset007_Lungs" of 7 and "Lungs". @throws ConfigError for a number that is not from 1 to 999, or a name with other characters than letters, digits, "_" and "-" */
export function datasetName(id: number, name: string): string {
  if (!(Number.isInteger(id) && id >= 1 && id <= 999)) throw new ConfigError(`datasetName: the number must be from 1 to 999, got ${id}`);
  if (!/^[\w-]+$/.test(name)) throw new ConfigError(`datasetName: the name may have letters, digits, "_" and "-", got "${name}"`);
  return `Dataset${String(id).padStart(3, "0")}_${name}`;
}

/** Number and name of "Dataset007_Lungs"; undefined for other folders. */
export function parseDatasetName(folder: string): { readonly id: number; readonly name: string } | undefined {
  const [, id, name] = pattern.exec(folder) ?? [];
  return id === undefined ? undefined : { id: Number(id), name: name! };
}

/**
 * The folder of a data set below a root such as nnUNet_raw, by its number or its full name.
 *
 * @throws InputError when the root cannot be read, or none or several folders fit
 */
export async function findDataset(root: string, dataset: number | string): Promise<string> {
  const entries = await readdir(root, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(`"${root}" cannot be read (${cause.code}); expected the folder with the data sets.`, { cause });
  });
  const names = entries.map(({ name }) => name).filter((name) => pattern.test(name));
  const isNumber = typeof dataset === "number" || /^\d+$/.test(dataset);
  const found = names.filter((name) => (isNumber ? parseDatasetName(name)!.id === Number(dataset) : name === dataset));
  if (found.length === 1) return join(root, found[0]!);
  const [what, known] = [
    `"${root}" has ${found.length === 0 ? "no" : "several"} data sets ${dataset}`,
    found.length > 0 ? found : names.sort(),
  ];
  throw new InputError(`${what}: ${known.length > 0 ? listed(known, 8) : `no folder is named as "Dataset001_Name"`}.`);
}
