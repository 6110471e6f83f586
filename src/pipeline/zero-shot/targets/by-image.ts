import { addTo } from "../../../add-to.ts";
import { ConfigError } from "../../../errors.ts";
import { type ImageInput, pathWithoutEnding } from "../../../scans/list-images.ts";
import { joinByName, lonelyMessage, type Side } from "../../../scans/names.ts";
import { isChosen, type SliceChoice, sliceChoice, slicesExpected } from "../../../scans/slice-range.ts";

/** Entries of a file about images. */
export interface EntriesByImage<T> {
  /** The entry of an image; undefined if there is none, and none for all others. */
  readonly of: (image: ImageInput) => T | undefined;
  /** A sentence about the keys that match no image; undefined if all do. */
  readonly lonely: string | undefined;
}

/** The key for all images without their own entry. */
const others = "*";

/**
 * Finds the entry of each image. Keys are paths relative to the input folder or bare names, with or without extension; "NAME[10:40]" is about
 * slices 10 to 40 of a scan (see `sliceChoice`). The entry of an image replaces the entry "*" for all others, that of its slices the entry of a scan.
 *
 * @param file - that holds the entries, for messages
 * @param noun - for an entry in messages: "prompt"
 * @throws ConfigError when a key matches two images, or what stands in its brackets names no slices
 */
export function entriesByImage<T>(
  table: ReadonlyMap<string, T>,
  images: readonly ImageInput[],
  { file, noun }: { readonly file: string; readonly noun: string },
): EntriesByImage<T> {
  const keys: Side<string> = { items: [...table.keys()].filter((key) => key !== others), namesOf: (key) => [key], noun };
  const named = sideOfWholes([...new Set(images.map(wholeOf))]);
  const { leftOf, lonelyLeft } = joinByName(keys, named);
  const ranges = rangesOf(lonelyLeft, images, { file, noun });
  const lonely = lonelyLeft.filter((key) => !ranges.keys.has(key));
  return {
    of: (image) => table.get(ranges.of(image) ?? leftOf.get(wholeOf(image)) ?? others),
    lonely: lonelyMessage(lonely, keys, named),
  };
}

type Whole = Pick<ImageInput, "name" | "path">;

/** What a key of a prompts file names: an image, or the scan that it is a frame of. */
const wholeOf = (image: ImageInput): Whole => image.frame?.whole ?? image;

const sideOfWholes = (items: readonly Whole[]): Side<Whole> => ({
  items,
  namesOf: (whole) => [...new Set([whole.path, pathWithoutEnding(whole), whole.name])],
  noun: "image",
});

/** A name and slices in brackets: "CT-3[10:40]". */
const nameAndSlices = /^(.+)\[([^[\]]+)\]$/;

/**
 * The keys that name some slices of a scan. Of several that name a slice, the first counts.
 *
 * @param lonely - keys that are the name of no image
 * @throws ConfigError when what stands in the brackets of a scan's name names no slices
 */
function rangesOf(
  lonely: readonly string[],
  images: readonly ImageInput[],
  { file, noun }: { readonly file: string; readonly noun: string },
) {
  const scans = sideOfWholes([...new Set(images.flatMap(({ frame }) => frame?.whole ?? []))]);
  const chosen = new Map<Whole, { readonly key: string; readonly choice: SliceChoice }[]>();
  for (const key of lonely) {
    const [, name, slices] = nameAndSlices.exec(key) ?? [];
    if (name === undefined) continue;
    // One by one: several keys may name the same scan, in several ways.
    const { lonelyLeft, rightOf } = joinByName({ items: [name], namesOf: (own) => [own], noun }, scans);
    if (lonelyLeft.length > 0) continue;
    const choice = sliceChoice(slices!);
    if (!choice) throw new ConfigError(`"${file}", "${key}": ${slicesExpected}, got "${slices}".`);
    addTo(chosen, rightOf.get(name)!, { key, choice });
  }
  return {
    keys: new Set([...chosen.values()].flat().map(({ key }) => key)),
    of: ({ frame }: ImageInput): string | undefined =>
      frame && chosen.get(frame.whole)?.find(({ choice }) => isChosen(frame.index + 1, choice))?.key,
  };
}
