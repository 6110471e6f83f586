import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { linkTarget, removeLeftovers } from "../../files/atomic-write.ts";
import { isResultFolder } from "../../scans/results-of-runs.ts";

/** Folders of trainings, ensembles and phantoms; see `isResultFolder` for the folders of runs over images. */
const otherResults = /^(images|checkpoints|model|tensorboard|entropy|mutual-information|scores|validation|calibrated)$/;

/**
 * Removes incomplete files of killed writers.
 *
 * @param output - an output folder, which is searched together with everything below its result folders but without other folders in it;
 *   or a file, whose folder is searched
 * @returns the removed files
 */
export async function removeRunLeftovers(output: string): Promise<string[]> {
  const isFolder = await stat(output).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return await removeLeftovers(dirname(await linkTarget(output)));
  const entries = await readdir(output, { withFileTypes: true });
  const results = entries.filter((entry) => entry.isDirectory() && (isResultFolder(entry.name) || otherResults.test(entry.name)));
  const removed = [await removeLeftovers(output)];
  for (const { name } of results) removed.push(await removeLeftovers(join(output, name), { below: true }));
  return removed.flat();
}
