import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeLeftovers } from "../../files/atomic-write.ts";
import { isResultFolder } from "../../scans/results-of-runs.ts";

/** Folders of trainings and phantoms; see `isResultFolder` for those of runs over images. */
const otherResults = /^(images|checkpoints|model|tensorboard)$/;

/**
 * Removes what killed writers have left half-written.
 *
 * @param output - an output folder, which is searched with all that is below its result folders but not with what else may lie in it; or a
 *   file, whose folder is
 * @returns the removed files
 */
export async function removeRunLeftovers(output: string): Promise<string[]> {
  const isFolder = await stat(output).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return await removeLeftovers(dirname(output));
  const entries = await readdir(output, { withFileTypes: true });
  const results = entries.filter((entry) => entry.isDirectory() && (isResultFolder(entry.name) || otherResults.test(entry.name)));
  const removed = [await removeLeftovers(output)];
  for (const { name } of results) removed.push(await removeLeftovers(join(output, name), { below: true }));
  return removed.flat();
}
