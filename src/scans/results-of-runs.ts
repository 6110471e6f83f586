import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The record that a run leaves in its output folder. */
export const recordName = "run.json";

/** Sub-folders into which runs write pictures and arrays. */
const resultFolder = /^(saliency|coarse|masks(_.+)?|labels|overlay|raw)$/;

/** Whether a sub-folder of a run's output folder is one of results. */
export function isResultFolder(name: string): boolean {
  return resultFolder.test(name);
}

/** Whether a folder is the output of a run: it holds a record that says which command wrote which images. */
export async function isRunFolder(folder: string): Promise<boolean> {
  try {
    const record: unknown = JSON.parse(await readFile(join(folder, recordName), "utf8"));
    const { command, images } = record as { command?: unknown; images?: unknown };
    return typeof command === "string" && Array.isArray(images);
  } catch {
    return false; // somebody else's file of that name
  }
}
