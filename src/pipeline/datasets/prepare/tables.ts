import { join } from "node:path";
import { remove, writeAtomic } from "../../../files/atomic-write.ts";
import { csvText } from "../../text-table.ts";
import { type DataSet, splits } from "../data-set.ts";
import { filesOfImage, manifest, placesOf } from "./layout.ts";
import type { LaidOut } from "./record.ts";

/**
 * Writes the tables of a result: classes and captions of each split, and for each file what it was made from. Tables of a split without rows are removed.
 *
 * @param captions - by name
 * @returns the classes that no prompt set has sentences for, which are in no table of classes, with their numbers of images
 */
export async function writeTables(
  out: string,
  items: readonly LaidOut[],
  { kind, promptClasses }: DataSet,
  captions: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, number>> {
  const others = new Map<string, number>();
  const write = async (file: string, head: readonly string[], rows: readonly (readonly string[])[]) =>
    rows.length > 0 ? await writeAtomic(join(out, file), csvText([head, ...rows])) : await remove([join(out, file)]);
  for (const split of splits) {
    const own = items.filter((item) => item.split === split);
    const places = placesOf(split);
    const classes = own.flatMap((item) => {
      if (item.class === undefined) return [];
      if (promptClasses?.includes(item.class) ?? true) return [[`${item.name}.${item.ending}`, item.class]];
      others.set(item.class, (others.get(item.class) ?? 0) + 1);
      return [];
    });
    await write(places.classes, ["filename", "class"], classes);
    const pairs = kind === "captions" ? own.map((item) => [filesOfImage(item).image, captions.get(item.name) ?? "", item.group ?? ""]) : [];
    await write(places.captions, ["filename", "Caption", "group"], pairs);
  }
  await write(manifest, ["file", "source", "sha256", "split", "class", "group"], items.flatMap(manifestRows));
  return others;
}

/** A row for each file and each of its sources; an empty mask that was made from nothing has a row without a source. */
function manifestRows(item: LaidOut): string[][] {
  const { image, mask } = filesOfImage(item);
  const row = (file: string, source: LaidOut["sources"][number] | undefined) => [
    ...[file, source?.file ?? "", source?.sha256 ?? ""],
    ...[item.split, item.class ?? "", item.group ?? ""],
  ];
  if (mask === undefined) return [row(image, item.sources[0])];
  const ofMask = item.maskSources!.length === 0 ? [undefined] : item.maskSources!.map((i) => item.sources[i]!);
  return [row(image, item.sources[0]), ...ofMask.map((source) => row(mask, source))];
}
