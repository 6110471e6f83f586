import { addTo } from "../../../add-to.ts";
import type { Failure, FolderFiles, Found, Item, LeftOutFile } from "../data-set.ts";
import { type MaskOptions, maskedPicture } from "./pictures.ts";

/** What a picture file is: an image or a mask, of which image. */
export interface Role {
  readonly role: "image" | "mask";
  /** Equal for an image and its masks. */
  readonly key: string;
  /** Of an image: what its item is called and belongs to. */
  readonly facts?: Pick<Item, "name" | "split" | "group" | "class">;
}

export interface PairOptions {
  /** The role of a file; a text says why it has none, undefined that it is none of the data set. */
  readonly roleOf: (path: string) => Role | string | undefined;
  /** Whether an image may have several masks, which are united. Default: false. */
  readonly hasSeveralMasks?: boolean;
  /** What an image without a mask is: an error (default), one that shows nothing and has an empty mask, or one that the data set leaves without. */
  readonly withoutMask?: (facts: NonNullable<Role["facts"]>) => "error" | "empty" | "leave-out";
  /** How the masks of an image are read. @param path - of the image */
  readonly maskOptions?: (path: string) => MaskOptions;
}

/** Items of images with the masks that belong to them. */
export function pairMasks(
  { paths, place }: FolderFiles,
  { roleOf, hasSeveralMasks = false, withoutMask = () => "error", maskOptions = () => ({}) }: PairOptions,
): Omit<Found, "tables"> {
  const images = new Map<string, { path: string; facts: NonNullable<Role["facts"]> }>();
  const masks = new Map<string, string[]>();
  const leftOut: LeftOutFile[] = [];
  const failures: Failure[] = [];
  for (const path of paths) {
    const role = roleOf(path);
    if (role === undefined) continue;
    if (typeof role === "string") leftOut.push({ file: path, reason: role });
    else if (role.role === "mask") addTo(masks, role.key, path);
    else if (images.has(role.key)) failures.push(repeated(path, images.get(role.key)!.path, place));
    else images.set(role.key, { path, facts: role.facts ?? { name: role.key } });
  }
  const items: Item[] = [];
  for (const [key, { path, facts }] of images) {
    const own = masks.get(key) ?? [];
    const without = own.length === 0 ? withoutMask(facts) : undefined;
    if (without === "leave-out") leftOut.push({ file: path, reason: "image without a mask" });
    else if (without === "error")
      failures.push({ files: [path], message: `"${place(path)}" has no mask. Add its mask, or remove the image` });
    else if (own.length > 1 && !hasSeveralMasks)
      failures.push({
        files: [path, ...own],
        message: `"${place(path)}" has ${own.length} masks: ${own.map((mask) => `"${place(mask)}"`).join(", ")}; expected one. Remove the others`,
      });
    else {
      const read = () => maskedPicture(place(path), own.map(place), maskOptions(path));
      items.push({ ...facts, ending: "png", image: path, masks: own, read });
    }
  }
  for (const [key, files] of masks) if (!images.has(key)) for (const file of files) leftOut.push({ file, reason: "mask of no image" });
  return { items, leftOut, failures };
}

/** Two files for one place. */
export function repeated(path: string, first: string, place: FolderFiles["place"]): Failure {
  return {
    files: [path],
    message: `"${place(path)}" has the name of "${place(first)}", which is taken instead. Rename or remove one of them`,
  };
}
