import { join } from "node:path";
import { writeMask } from "../../../results/png.ts";
import { hashInput, type InputHash, isWritten, stampOf } from "../../../run/input-files.ts";
import type { FolderFiles } from "../data-set.ts";
import { filesOfImage } from "./layout.ts";
import { filesOf, type Planned } from "./plan.ts";
import type { LaidOut } from "./record.ts";

/** Whether the files of an item are there, made from sources that have not changed. */
export async function isDone({ item, split }: Planned, recorded: LaidOut | undefined, files: FolderFiles, out: string): Promise<boolean> {
  if (recorded?.split !== split || recorded.class !== item.class) return false;
  const { image, mask } = filesOfImage(recorded);
  for (const file of mask === undefined ? [image] : [image, mask]) if (!(await isWritten(join(out, file)))) return false;
  const sources = filesOf(item);
  if (sources.length !== recorded.sources.length) return false;
  for (const [i, file] of sources.entries()) {
    const before = recorded.sources[i]!;
    if (before.file !== file) return false;
    const place = files.place(file);
    if (before.stamp !== null && before.stamp === (await stampOf(place))) continue;
    const now = await hashInput(place).catch(() => undefined); // it is told where it is read
    if (now?.sha256 !== before.sha256) return false;
  }
  return true;
}

/**
 * Writes the files of an item. The image comes last, so that one that is there has its mask.
 *
 * @throws InputError when a file of it cannot be used
 */
export async function layOut({ item, split, group }: Planned, files: FolderFiles, out: string): Promise<LaidOut> {
  const { name, ending } = item;
  const sources: (InputHash & { readonly file: string })[] = [];
  for (const file of filesOf(item)) sources.push({ file, ...(await hashInput(files.place(file))) });
  const { image, mask, warnings } = await item.read();
  const maskSources = mask && item.masks.map((file) => sources.findIndex((source) => source.file === file));
  const places = filesOfImage({ name, split, ending, maskSources });
  if (mask && places.mask !== undefined) await writeMask(join(out, places.mask), mask);
  await image.write(join(out, places.image));
  return {
    ...{ name, split, ending, sources },
    ...(group !== undefined && { group }),
    ...(item.class !== undefined && { class: item.class }),
    ...(maskSources && { maskSources }),
    ...(warnings.length > 0 && { warnings: [...warnings] }),
  };
}
