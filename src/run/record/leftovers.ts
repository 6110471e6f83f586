import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeLeftovers } from "../../atomic-write.ts";

/** Folders of results in an output folder; masks of one structure or target stand in `masks_<name>`. */
const resultFolder = /^(masks(_.*)?|labels|images|saliency|coarse|overlay|raw|checkpoints|model|tensorboard)$/;

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
  const results = entries.filter((entry) => entry.isDirectory() && resultFolder.test(entry.name));
  const removed = [await removeLeftovers(output)];
  for (const { name } of results) removed.push(await removeLeftovers(join(output, name), { below: true }));
  return removed.flat();
}
