import { addTo } from "../../../add-to.ts";
import { concernsOneInput } from "../../../errors.ts";
import { lastName } from "../../../scans/file-names.ts";
import { imageEnding } from "../../../scans/names.ts";
import type { Failure, FolderFiles, Found, Item, LeftOutFile } from "../data-set.ts";
import { copiedPicture } from "./pictures.ts";

/** A caption with the image that it names. */
export interface Caption extends Pick<Item, "split" | "group" | "class"> {
  /** A path whose last parts are those of the image's path, with or without ending. */
  readonly image: string;
  readonly caption: string;
}

/** A file of captions, in the order of precedence: of two captions of one image the first counts. */
export interface CaptionTable {
  readonly table: string;
  readonly captions: readonly Caption[];
}

/**
 * Reads the tables of captions among files. A table that cannot be read is a failure; the others count.
 *
 * @param paths - in the order of precedence
 * @param read - the captions of a file; undefined if it is no table of the data set
 */
export async function readCaptions(
  paths: readonly string[],
  read: (path: string) => Promise<readonly Caption[] | undefined>,
): Promise<{ tables: CaptionTable[]; failures: Failure[] }> {
  const tables: CaptionTable[] = [];
  const failures: Failure[] = [];
  for (const table of paths) {
    try {
      const captions = await read(table);
      if (captions) tables.push({ table, captions });
    } catch (error) {
      if (!concernsOneInput(error)) throw error;
      failures.push({ files: [table], message: error.message });
    }
  }
  return { tables, failures };
}

/** Items of captions with their images; captions after the first of an image are left out. A name fits an image whose path ends in it; where several do, the one in the table's folder or below it. */
export function pairCaptions({ paths, place }: FolderFiles, tables: readonly CaptionTable[]): Pick<Found, "items" | "leftOut"> {
  const images = paths.filter((path) => imageEnding.test(path));
  const byName = new Map<string, string[]>();
  for (const path of images) addTo(byName, nameOf(path), path);
  const items = new Map<string, Item>();
  const leftOut: LeftOutFile[] = [];
  const empty = new Set<string>();
  for (const { table, captions } of tables) {
    for (const { image, caption, ...facts } of captions) {
      const path = imageOf(image, table, byName.get(nameOf(image)) ?? []);
      if (path === undefined) leftOut.push({ file: `${table}: ${image}`, reason: "caption of an image that is not there" });
      else if (caption.trim() === "") empty.add(path);
      else if (items.has(path)) leftOut.push({ file: `${table}: ${image}`, reason: furtherCaption(caption, items.get(path)!) });
      else items.set(path, captioned(path, caption, facts, place));
    }
  }
  for (const path of images)
    if (!items.has(path)) leftOut.push({ file: path, reason: empty.has(path) ? "image with an empty caption" : "image without a caption" });
  return { items: [...items.values()], leftOut };
}

/** Why a caption of an image that already has one is left out. */
const furtherCaption = (caption: string, { caption: first }: Item): string =>
  caption.trim() === first!.trim() ? "repeat of an image's caption" : "another caption of an image that has one";

function captioned(path: string, caption: string, facts: Pick<Item, "split" | "group" | "class">, place: FolderFiles["place"]): Item {
  const ending = lastName(path).split(".").at(-1)!.toLowerCase();
  return { ...facts, name: nameOf(path), ending, caption, image: path, masks: [], read: () => copiedPicture(place(path)) };
}

/** Names may have dots that begin no ending. */
const withoutEnding = (path: string): string => path.replace(imageEnding, "");

const nameOf = (path: string): string => withoutEnding(lastName(path));

function imageOf(image: string, table: string, candidates: readonly string[]): string | undefined {
  const tail = `/${withoutEnding(image.replaceAll("\\", "/").replace(/^(\.{0,2}\/)+/, ""))}`;
  const fitting = candidates.filter((path) => `/${withoutEnding(path)}`.endsWith(tail));
  const folder = table.includes("/") ? table.slice(0, table.lastIndexOf("/") + 1) : "";
  return fitting.find((path) => path.startsWith(folder)) ?? fitting[0];
}
