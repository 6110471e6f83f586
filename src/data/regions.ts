import { dirname, isAbsolute, join, normalize } from "node:path";
import { sidesIn } from "../augment/index.ts";
import { InputError } from "../errors.ts";
import { type Mask, type MaskRuns, runsOfMask, type Size } from "../image/index.ts";
import { MaskGuesses, maskProblem } from "../scans/mask-report.ts";
import { canonicalName } from "../scans/names.ts";
import { presentFiles } from "../scans/present-file.ts";
import { readMask } from "../scans/read-mask.ts";
import { isMissing, readTable } from "./_table.ts";
import { decodePair } from "./decode-pair.ts";
import { type DroppedPair, imageName, type Pair } from "./pairs.ts";

/** What is known about a phrase in an image. */
export interface Region {
  readonly phrase: string;
  /** What the phrase names; undefined where it was looked for and is absent, or its masks are empty. */
  readonly outline: MaskRuns | undefined;
}

/** Outlined images. */
export interface RegionSet {
  /** By `imageName` of the pairs' images. */
  readonly images: ReadonlyMap<string, readonly Region[]>;
  /** All wordings of each phrase, by the first of them, in the order of the table. */
  readonly phrases: ReadonlyMap<string, readonly string[]>;
  /** Images of the table that no pair has. */
  readonly unused: readonly string[];
  /** Outlines whose image or mask cannot be used: treated as unknown. */
  readonly dropped: readonly DroppedPair[];
  /** Outlines whose masks are there and empty, so that the image counts as not showing them. */
  readonly empty: number;
  /** Guesses made when reading masks: a sentence for each kind of guess. */
  readonly warnings: readonly string[];
}

export interface RegionOptions {
  /** Folder of the images, as for the pairs; default: that of the table. */
  readonly images?: string | undefined;
  /** Folder of the masks; default: that of the table. */
  readonly masks?: string | undefined;
  /** Between two fields; default ",". */
  readonly separator?: string | undefined;
  /** The value of label images that is foreground. */
  readonly label?: number | undefined;
}

/** How many files are decoded at a time. */
const atOnce = 8;

/**
 * Reads which structures of which images are outlined, from a table beside that of the pairs with the columns
 *
 *   filename   the image, as in the table of the pairs
 *   phrase     what is outlined, in a few words: "the heart"; other words for the same may follow: "the heart|the cardiac shadow"
 *   mask       file of the same size in pixels, read as `readMask` reads all masks; empty where the image does not show it
 *
 * one row an outline. Several rows with the same image and phrase are one region (two lesions). An image needs no row for phrases that
 * were not looked for: these stay unknown. Images without any row are trained on as before. All masks are read at once and kept as
 * outlines, a kilobyte or two each.
 *
 * @param pairs - rows of images that no pair has are not used
 * A region of which a mask cannot be used (damaged, a label image, another size than the image) is unknown as a whole, and is named.
 *
 * @throws InputError when the table cannot be read, a structure is both outlined and absent, wordings of a phrase name different sides, no row belongs to any pair, or none can be used
 * @throws ConfigError when the table lacks a column
 */
export async function readRegions(file: string, pairs: readonly Pair[], options: RegionOptions = {}): Promise<RegionSet> {
  const { rows, column } = await readTable(file, options.separator ?? ",");
  const [image, phrase, mask] = ["filename", "phrase", "mask"].map((name) => column(name, "a column of that name")) as [
    number,
    number,
    number,
  ];
  const within = (folder: string | undefined, name: string) => (isAbsolute(name) ? normalize(name) : join(folder ?? dirname(file), name));
  const sources = new Map(pairs.map((pair) => [imageName(pair.image), pair.image]));
  // By the whole path alone: the pairs may be a part of a set, of which a bare name would fit one that is not meant.
  const nameOf = new Map([...sources.keys()].map((name) => [canonicalName(name), name]));
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
    const path = within(options.images, row[image]!.trim());
    const name = nameOf.get(canonicalName(path));
    if (name === undefined) {
      unused.add(path);
      continue;
    }
    const known = phrases.get(words) ?? new Set();
    phrases.set(words, known);
    for (const wording of wordings) known.add(wording);
    const sided = [...known].flatMap((wording) => {
      const [side, ...more] = sidesIn(wording);
      return side && more.length === 0 ? [{ wording, side }] : [];
    });
    const other = sided.find(({ side }) => side !== sided[0]!.side);
    if (other) {
      throw new InputError(
        `"${file}", row ${i + 2}: the wordings "${sided[0]!.wording}" and "${other.wording}" of one phrase name different sides. Give each side a phrase of its own.`,
      );
    }
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
    const looked = example === undefined ? "it has no rows" : `it names "${example}", for example, which is not an image of the pairs`;
    throw new InputError(`"${file}": no outlined image belongs to any pair; ${looked}. Write the images as in the table of the pairs.`);
  }
  const present = await presentFiles([...found.values()].flatMap((ofImage) => [...ofImage.values()].flat()));
  const placesOf = (ofImage: ReadonlyMap<string, readonly string[]>) =>
    new Map([...ofImage].map(([words, masks]) => [words, masks.map((place) => present.get(place) ?? place)] as const));
  const images = new Map<string, Region[]>();
  const dropped: DroppedPair[] = [];
  const guesses = new MaskGuesses();
  let empty = 0;
  const work = [...found];
  for (let i = 0; i < work.length; i += atOnce) {
    const part = work.slice(i, i + atOnce);
    const read = await Promise.all(
      part.map(([name, ofImage]) => outlined(placesOf(ofImage), { name, source: sources.get(name)!, label: options.label, guesses })),
    );
    for (const [k, [name, ofImage]] of part.entries()) {
      const { regions, unusable } = read[k]!;
      dropped.push(...unusable);
      empty += regions.filter(({ phrase, outline }) => !outline && ofImage.get(phrase)!.length > 0).length;
      if (regions.length > 0) images.set(name, regions);
    }
  }
  if (images.size === 0)
    throw new InputError(`"${file}": none of ${dropped.length} outlines can be used. The first: ${dropped[0]!.detail}`);
  return {
    images,
    phrases: new Map([...phrases].map(([words, wordings]) => [words, [...wordings]])),
    unused: [...unused],
    dropped,
    empty,
    warnings: guesses.sentences(),
  };
}

interface OutlinedImage {
  readonly name: string;
  readonly source: Pair["image"];
  readonly label: number | undefined;
  readonly guesses: MaskGuesses;
}

/** Reads the masks of an image. */
async function outlined(
  phrases: ReadonlyMap<string, readonly string[]>,
  { name, source, label, guesses }: OutlinedImage,
): Promise<{ regions: Region[]; unusable: DroppedPair[] }> {
  const drop = (phrase: string, reason: string, error: InputError): DroppedPair => ({
    key: `"${phrase}" of ${name}`,
    kind: "input",
    reason,
    detail: error.message,
  });
  let image: Size;
  try {
    image = await decodePair(source, "paper");
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { regions: [], unusable: [...phrases.keys()].map((phrase) => drop(phrase, "image that cannot be read", error)) };
  }
  const outlines = new Map<string, MaskRuns | InputError | undefined>(); // several phrases may name one mask: it is read once
  const outlineIn = async (files: readonly string[]): Promise<MaskRuns | InputError | undefined> => {
    try {
      const mask = await unionOf(files, { ...image, file: name }, label, guesses);
      return mask?.data.includes(1) ? runsOfMask(mask) : undefined;
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
  };
  const regions: Region[] = [];
  const unusable: DroppedPair[] = [];
  for (const [phrase, masks] of phrases) {
    const files = masks.join("|");
    if (!outlines.has(files)) outlines.set(files, await outlineIn(masks));
    const outline = outlines.get(files);
    if (outline instanceof InputError) unusable.push(drop(phrase, maskProblem(outline), outline));
    else regions.push({ phrase, outline });
  }
  return { regions, unusable };
}

/** The union of mask files; undefined where there is none. @throws InputError when one cannot be used */
async function unionOf(
  files: readonly string[],
  image: Size & { readonly file: string },
  label: number | undefined,
  guesses: MaskGuesses,
): Promise<Mask | undefined> {
  let union: Mask | undefined;
  for (const file of files) {
    const { mask, warnings } = await readMask(file, { label, image });
    guesses.add(file, warnings);
    if (union) for (let i = 0; i < mask.data.length; i++) union.data[i]! |= mask.data[i]!;
    else union = { ...mask, data: mask.data.slice() };
  }
  return union;
}
