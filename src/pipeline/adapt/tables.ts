import { csvText } from "../text-table.ts";
import type { AdaptImage } from "./images.ts";
import type { AdaptWords } from "./words.ts";

/**
 * Image-caption pairs: each image in turn, with the wordings of the target in turn, none twice. All captions name the target, so the pairs teach something beside the
 * outlines only where some images do not show it.
 *
 * @param most - rows that are needed at most
 * @returns [filename, Caption] of each
 */
export function pairsOf(images: readonly AdaptImage[], { target, normal }: AdaptWords, most: number): [string, string][] {
  const rows: [string, string][] = [];
  for (let round = 0; round < target.length && rows.length < most; round++)
    for (const { name, isShown } of images) {
      const caption = (isShown ? target : normal)[round];
      if (caption !== undefined && rows.length < most) rows.push([name, caption]);
    }
  return rows;
}

export const pairsTable = (pairs: readonly [string, string][]): string => csvText([["filename", "Caption"], ...pairs]);

/** Outlines of the target, and what no image shows; masks are relative to the table. The first row of a phrase holds its wordings. */
export function regionsTable(images: readonly AdaptImage[], { target, absent }: AdaptWords): string {
  const phrase = (wordings: readonly string[], i: number) => (i === 0 ? wordings.join("|") : wordings[0]!);
  const rows = images.flatMap(({ name, mask, isShown }, i) => [
    [name, phrase(target, i), isShown ? mask : ""],
    ...absent.map((wordings) => [name, phrase(wordings, i), ""]),
  ]);
  return csvText([["filename", "phrase", "mask"], ...rows]);
}

/** Images and masks for the SAM model. @param coarse - file of the coarse mask of an image, by its name */
export function targetsTable(images: readonly AdaptImage[], coarse: ReadonlyMap<string, string>): string {
  const rows = images.filter(({ isShown }) => isShown).map(({ name, file, mask }) => [file, mask, coarse.get(name) ?? ""]);
  return csvText([["image", "mask", "coarse"], ...rows]);
}
