import { dirname, isAbsolute, join } from "node:path";
import { InputError } from "../errors.ts";
import { readGray } from "../formats/gray.ts";
import type { Mask } from "../image/index.ts";
import { isMissing, readTable } from "./_table.ts";
import { decodePair } from "./decode-pair.ts";
import { type Outline, outlineOf } from "./outline.ts";
import { imageName, type Pair } from "./pairs.ts";

/** What is known about a phrase in an image. */
export interface Region {
  readonly phrase: string;
  /** What the phrase names; undefined where it was looked for and is not there, or its masks are empty. */
  readonly outline: Outline | undefined;
}

/** Outlined images. */
export interface RegionSet {
  /** By `imageName` of the pairs' images. */
  readonly images: ReadonlyMap<string, readonly Region[]>;
  /** All wordings of each phrase, by the first of them, in the order of the table. */
  readonly phrases: ReadonlyMap<string, readonly string[]>;
  /** Images of the table that no pair has. */
  readonly unused: readonly string[];
}

export interface RegionOptions {
  /** Folder of the images, as for the pairs; default: that of the table. */
  readonly images?: string | undefined;
  /** Folder of the masks; default: that of the table. */
  readonly masks?: string | undefined;
  /** Between two fields; default ",". */
  readonly separator?: string | undefined;
}

/** A pixel of a mask file is foreground above this level. */
const foregroundAbove = 127;

/** How many files are decoded at a time. */
const atOnce = 8;

/**
 * Reads which structures of which images are outlined, from a table beside that of the pairs with the columns
 *
 *   filename   the image, as in the table of the pairs
 *   phrase     what is outlined, in a few words: "the heart"; other words for the same may follow: "the heart|the cardiac shadow"
 *   mask       file of the same size in pixels, 8-bit gray, foreground above 127; empty where the image does not show it
 *
 * one row an outline. Several rows with the same image and phrase are one region (two lesions). An image needs no row for what
 * nobody looked for: that stays unknown. Images without any row are trained on as before. All masks are read at once and kept as
 * outlines, a kilobyte or two each.
 *
 * @param pairs - rows of images that no pair has are not used
 * @throws InputError when the table or a file in it cannot be read, a mask has another size than its image, a structure is both outlined and
 *   absent, or no row belongs to any pair
 * @throws ConfigError when the table lacks a column
 */
export async function readRegions(file: string, pairs: readonly Pair[], options: RegionOptions = {}): Promise<RegionSet> {
  const { rows, column } = await readTable(file, options.separator ?? ",");
  const [image, phrase, mask] = ["filename", "phrase", "mask"].map((name) => column(name, "a column of that name")) as [
    number,
    number,
    number,
  ];
  const within = (folder: string | undefined, name: string) => (isAbsolute(name) ? name : join(folder ?? dirname(file), name));
  const sources = new Map(pairs.map((pair) => [imageName(pair.image), pair.image]));
  const found = new Map<string, Map<string, string[]>>();
  const phrases = new Map<string, Set<string>>();
  const unused = new Set<string>();
  const absent = new Set<string>();
  for (const [i, row] of rows.entries()) {
    const wordings = row[phrase]!.split("|").map((wording) => wording.trim().replace(/\s+/gu, " "));
    const words = wordings[0]!;
    if (row[image]!.trim() === "" || wordings.includes("")) {
      throw new InputError(`"${file}", row ${i + 2}: an outline needs an image and a phrase, got "${row[image]}" and "${row[phrase]}"`);
    }
    const name = within(options.images, row[image]!.trim());
    if (!sources.has(name)) {
      unused.add(name);
      continue;
    }
    const known = phrases.get(words) ?? new Set();
    phrases.set(words, known);
    for (const wording of wordings) known.add(wording);
    const ofImage = found.get(name) ?? new Map<string, string[]>();
    found.set(name, ofImage);
    const masks = ofImage.get(words) ?? [];
    ofImage.set(words, masks);
    if (isMissing(row[mask]!)) absent.add(JSON.stringify([name, words]));
    else masks.push(within(options.masks, row[mask]!.trim()));
    if (masks.length > 0 && absent.has(JSON.stringify([name, words]))) {
      throw new InputError(
        `"${file}", row ${i + 2}: "${words}" of "${row[image]}" is outlined in one row and absent in another. Keep one of them.`,
      );
    }
  }
  if (found.size === 0) {
    const [example] = unused;
    const looked = example === undefined ? "it has no rows" : `it names "${example}", for instance, which is no image of the pairs`;
    throw new InputError(`"${file}": no outlined image belongs to any pair; ${looked}. Write the images as in the table of the pairs.`);
  }
  const images = new Map<string, Region[]>();
  const work = [...found];
  for (let i = 0; i < work.length; i += atOnce) {
    const part = work.slice(i, i + atOnce);
    const regions = await Promise.all(
      part.map(([name, ofImage]) => outlined(ofImage, () => decodePair(sources.get(name)!, "paper"), name)),
    );
    for (const [k, [name]] of part.entries()) images.set(name, regions[k]!);
  }
  return { images, phrases: new Map([...phrases].map(([words, wordings]) => [words, [...wordings]])), unused: [...unused] };
}

/** Reads the masks of an image. */
async function outlined(
  regions: ReadonlyMap<string, readonly string[]>,
  decode: () => Promise<{ readonly width: number; readonly height: number }>,
  name: string,
): Promise<Region[]> {
  const image = await decode();
  const outlines = new Map<string, Outline | undefined>(); // several phrases may name one mask: it is read once
  const found: Region[] = [];
  for (const [phrase, masks] of regions) {
    const files = masks.join("|");
    if (!outlines.has(files)) outlines.set(files, await outlineIn(masks, image, name));
    found.push({ phrase, outline: outlines.get(files) });
  }
  return found;
}

/** What mask files outline together; undefined where they are empty. @throws InputError when their size is not that of the image */
async function outlineIn(
  masks: readonly string[],
  image: { readonly width: number; readonly height: number },
  name: string,
): Promise<Outline | undefined> {
  const mask = await unionOf(masks);
  if (mask && (mask.width !== image.width || mask.height !== image.height)) {
    throw new InputError(
      `"${masks[0]}" has ${mask.width} x ${mask.height} pixels, "${name}" has ${image.width} x ${image.height}; a mask must have the size of its image`,
    );
  }
  return mask?.data.some((value) => value > 0) ? outlineOf(mask) : undefined;
}

/** The union of mask files; undefined where there is none. @throws InputError when one cannot be read, or their sizes differ */
async function unionOf(files: readonly string[]): Promise<Mask | undefined> {
  let union: Mask | undefined;
  for (const file of files) {
    const { width, height, data } = await readGray(file);
    if (union && (union.width !== width || union.height !== height)) {
      throw new InputError(
        `"${file}" has ${width} x ${height} pixels, "${files[0]}" has ${union.width} x ${union.height}; both outline one image`,
      );
    }
    const before = union;
    union = { width, height, data: data.map((level, i) => (level > foregroundAbove || before?.data[i] === 1 ? 1 : 0)) };
  }
  return union;
}
