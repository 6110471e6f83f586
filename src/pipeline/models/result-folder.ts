import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type ImageRecord, readImageRecords } from "../../run/record/record.ts";

/**
 * A folder of a step's results: given is either the folder itself or the one that a run wrote.
 *
 * @returns the folder with the pictures, and what `run.json` beside it tells of each image
 */
export async function resultFolder(
  given: string,
  folder: "saliency" | "coarse",
): Promise<{ pictures: string; run: string; records: ReadonlyMap<string, ImageRecord> }> {
  const inner = join(given, folder);
  const pictures = existsSync(inner) ? inner : given;
  const run = pictures === inner ? given : dirname(resolve(given));
  return { pictures, run, records: await readImageRecords(run) };
}
