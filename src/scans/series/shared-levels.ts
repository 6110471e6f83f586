import { once } from "../../once.ts";
import type { FileAccess } from "../file-access.ts";
import type { Scan } from "../scan.ts";
import { openDicom } from "../sources/dicom/frames.ts";
import { type Levels, ValueCounts } from "../sources/dicom/levels.ts";

/**
 * The values that are black and white in all frames of a scan of several files, so that its slices can be compared. The files are read one after
 * the other when it is first asked for; of a single file they are its own.
 *
 * @returns undefined for a scan of one file
 */
export function sharedLevels(
  { frames }: Pick<Scan, "frames">,
  { content }: Pick<FileAccess, "content">,
): (() => Promise<Levels>) | undefined {
  const files = new Set(frames.map(({ file }) => file));
  if (files.size < 2) return undefined;
  return once(async () => {
    const counts = new ValueCounts();
    for (const file of files) await (await openDicom(await content(file))).count(counts);
    return counts.levels();
  });
}
