import { readdir, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize } from "node:path";
import { ConfigError, InputError } from "../errors.ts";
import type { LeftOut } from "../scans/left-out.ts";
import { type ImageInput, listImages } from "../scans/list-images.ts";
import { canonicalName, joinByName } from "../scans/names.ts";
import { presentFiles } from "../scans/present-file.ts";
import { isMissing, readTable } from "./_table.ts";

/** A ground-truth mask of an image, to train SAM on. */
export interface MaskTarget {
  /** Names it within its data set; random numbers are drawn by it. */
  readonly key: string;
  readonly image: string;
  readonly mask: string;
  /** A coarse mask of the same target, as the pipeline makes it before SAM. */
  readonly coarse?: string;
  /** Group for balanced sampling: a structure, a kind of lesion. */
  readonly group: string;
  /** What a split keeps together: the patient, by default the image. */
  readonly case: string;
}

export interface MaskTargetOptions {
  /** For folders `<split>_images` and `<split>_masks`; default `train`. */
  readonly split?: string | undefined;
  /** Folder of coarse masks. */
  readonly coarse?: string | undefined;
  /** Column of a table whose rows of equal value a split keeps together. */
  readonly groupColumn?: string | undefined;
  /** Between two fields of a table; default ",". */
  readonly separator?: string | undefined;
}

/** Targets, and files without a match. */
export interface MaskTargetSet {
  readonly targets: readonly MaskTarget[];
  readonly unmatched: readonly string[];
  /** Masks, coarse ones too, of which there is no image. */
  readonly unmatchedMasks: readonly string[];
  /** Files in the folders that are not used. */
  readonly leftOut: readonly LeftOut[];
}

/** The group of targets that have no structure of their own. */
const onlyGroup = "mask";

/**
 * Finds images and their masks:
 *
 *   DIR/images and DIR/masks_<structure>, ...   one mask a structure; `masks/` beside them is left alone
 *   DIR/images and DIR/masks                    one mask an image
 *   DIR/<split>_images and DIR/<split>_masks    the same
 *   FILE.csv                                    columns image and mask, optionally coarse and group; paths relative to the table
 *
 * Names are joined by path, then by bare name. Coarse masks lie in `<coarse>/<structure>/NAME.png`, or `<coarse>/NAME.png` for a single folder.
 * Whether a file is a picture, or a mask empty, is not looked at.
 *
 * @throws InputError when there is nothing of the kind
 * @throws ConfigError when a table lacks a column, or a name fits two files
 */
export async function listMaskTargets(data: string, options: MaskTargetOptions = {}): Promise<MaskTargetSet> {
  const found = await stat(data).catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(`"${data}" cannot be read: ${cause.message}`, { cause });
  });
  const set = found.isDirectory() ? await ofFolder(data, options) : await ofTable(data, options);
  if (set.targets.length === 0) {
    throw new InputError(
      `"${data}": no image has a mask with its name${set.unmatched[0] ? `; the first image without a mask is "${set.unmatched[0]}"` : ""}`,
    );
  }
  return set;
}

async function ofFolder(data: string, { split = "train", coarse }: MaskTargetOptions): Promise<MaskTargetSet> {
  const names = (await listFolders(data)).sort();
  const structures = names.flatMap((name) => /^masks_(.+)$/.exec(name)?.[1] ?? []);
  const [images, masks] = names.includes("images") ? ["images", "masks"] : [`${split}_images`, `${split}_masks`];
  const folders =
    images === "images" && structures.length > 0
      ? structures.map((structure) => ({ group: structure, folder: `masks_${structure}`, coarse: coarse && join(coarse, structure) }))
      : [{ group: onlyGroup, folder: masks, coarse }];
  if (!names.includes(images) || !folders.every(({ folder }) => names.includes(folder))) {
    throw new InputError(
      `"${data}" has neither images/ with masks/ or masks_<structure>/, nor ${split}_images/ with ${split}_masks/; it has ${names.join(", ") || "no folders"}`,
    );
  }
  const leftOut: LeftOut[] = [];
  const listed = async (place: string) => {
    const found = await listImages([place]);
    for (const one of found.leftOut) leftOut.push(one); // too many, maybe, to be arguments of one call
    return found.inputs;
  };
  const pictures = await listed(join(data, images));
  const targets: MaskTarget[] = [];
  const unmatched: string[] = [];
  const unmatchedMasks: string[] = [];
  for (const { group, folder, coarse: place } of folders) {
    const own = joined(pictures, await listed(join(data, folder)));
    const about = place !== undefined && (await isFolder(place)) ? joined(pictures, await listed(place)) : undefined;
    for (const picture of pictures) {
      const { name, file } = picture;
      const [mask, guess] = [own.rightOf.get(picture), about?.rightOf.get(picture)];
      if (mask === undefined) unmatched.push(file);
      else targets.push({ key: `${group}/${name}`, image: file, mask: mask.file, group, case: name, ...(guess && { coarse: guess.file }) });
    }
    for (const { file } of [...own.lonelyRight, ...(about?.lonelyRight ?? [])]) unmatchedMasks.push(file);
  }
  // Where structures have folders of their own, an image need not have all of them.
  const used = new Set(targets.map(({ image }) => image));
  return { targets, unmatched: [...new Set(unmatched)].filter((file) => !used.has(file)), unmatchedMasks, leftOut };
}

async function ofTable(file: string, { coarse: coarseFolder, groupColumn, separator = "," }: MaskTargetOptions): Promise<MaskTargetSet> {
  if (coarseFolder !== undefined)
    throw new ConfigError(`--coarse is for folders; name coarse masks in a column "coarse" of "${file}" instead.`);
  const { rows, column, columns } = await readTable(file, separator);
  const [image, mask] = [column("image", "a column of that name"), column("mask", "a column of that name")];
  const [coarse, group] = ["coarse", "group"].map((name) => columns.indexOf(name)) as [number, number];
  const held = groupColumn === undefined ? -1 : column(groupColumn, "--group-column");
  const placeOf = (name: string) => (isAbsolute(name) ? name : join(dirname(file), name));
  const names = rows.flatMap((row) => [image, mask, coarse].map((at) => row[at]?.trim() ?? "")).filter((name) => !isMissing(name));
  const present = await presentFiles(names.map(placeOf));
  const within = (name: string) => present.get(placeOf(name)) ?? placeOf(name);
  const targets: MaskTarget[] = [];
  const unmatched: string[] = [];
  for (const [i, row] of rows.entries()) {
    const [imageName, maskName] = [row[image]!.trim(), row[mask]!.trim()];
    if (imageName === "" || isMissing(maskName)) {
      unmatched.push(`row ${i + 2}${imageName === "" ? "" : ` (${imageName})`}`);
      continue;
    }
    const about = coarse < 0 || isMissing(row[coarse]!) ? undefined : within(row[coarse]!.trim());
    targets.push({
      key: `row ${i + 2}`,
      image: within(imageName),
      mask: within(maskName),
      group: group < 0 || isMissing(row[group]!) ? onlyGroup : row[group]!.trim(),
      case: held < 0 || isMissing(row[held]!) ? canonicalName(normalize(imageName)) : row[held]!.trim(),
      ...(about !== undefined && { coarse: about }),
    });
  }
  return { targets, unmatched, unmatchedMasks: [], leftOut: [] };
}

/** Images and masks by the rule of names, whatever their endings. */
function joined(images: readonly ImageInput[], masks: readonly ImageInput[]) {
  const namesOf = ({ name }: ImageInput) => [name];
  return joinByName({ items: images, namesOf, noun: "image" }, { items: masks, namesOf, noun: "mask" }, { bare: "either" });
}

async function listFolders(path: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await readdir(path)) if (await isFolder(join(path, name))) names.push(name);
  return names;
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
