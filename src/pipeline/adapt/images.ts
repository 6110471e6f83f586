import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import { addTo } from "../../add-to.ts";
import {
  countReasons,
  type DroppedPair,
  listMaskTargets,
  type MaskTarget,
  reasonWords,
  sharedImages,
  splitPairs,
  splitWarnings,
} from "../../data/index.ts";
import { ConfigError, InputError, throwIfCancelled } from "../../errors.ts";
import type { Mask } from "../../image/index.ts";
import { encodeMask } from "../../results/png.ts";
import { hashInput } from "../../run/input-files.ts";
import { decodeImage } from "../../scans/decode-image.ts";
import { leftOutMessage } from "../../scans/left-out.ts";
import { MaskGuesses, maskProblem } from "../../scans/mask-report.ts";
import { countOf } from "../../scans/names.ts";
import { readMask } from "../../scans/read-mask.ts";
import { sharedWarnings } from "../pair-warnings.ts";
import type { AdaptSettings } from "./settings.ts";

/** An image of the user with its mask. */
export interface AdaptImage {
  /** Path below `ImageSet.folder`. */
  readonly name: string;
  readonly file: string;
  /** Where its mask is written, below the folder of work. */
  readonly mask: string;
  /** The mask as a PNG of 0 and 255: the union of all masks of the image, of its size. */
  readonly png: Uint8Array;
  /** Whether the mask has a pixel. */
  readonly isShown: boolean;
}

/** The images of an adaptation. */
export interface ImageSet {
  /** The nearest folder that holds all images. */
  readonly folder: string;
  readonly train: readonly AdaptImage[];
  readonly heldOut: readonly AdaptImage[];
  /** Images that cannot be used. */
  readonly dropped: readonly DroppedPair[];
  readonly warnings: readonly string[];
  /** Of names and contents: equal for the same images and masks, wherever they lie. */
  readonly sha256: string;
}

/** Fewer images than this are refused. */
export const fewestImages = 4;

/** Scores of fewer held-out images than this say little. */
export const fewHeldOut = 5;

/** How many images are decoded at a time. */
const atOnce = 8;

/** The images of one folder or table. */
interface ReadSet {
  /** The nearest folder that holds all of them. */
  readonly folder: string;
  readonly found: readonly (AdaptImage & { readonly group: string | undefined })[];
  readonly dropped: readonly DroppedPair[];
  readonly warnings: readonly string[];
  /** Of each image, its name and the hashes of its files. */
  readonly contents: readonly string[];
}

/**
 * Reads images and masks, and holds some out. Groups of a table, or sub-folders of images/, stay together.
 *
 * @throws InputError when there are no images with masks
 * @throws ConfigError when too few images can be used, or they have masks of several structures and none is chosen
 */
export async function readImages(settings: AdaptSettings, signal?: AbortSignal): Promise<ImageSet> {
  const { data, heldOut: other } = settings;
  const own = await readSet(settings, data, "masks", signal);
  requireEnough(own, data);
  const apart = other === undefined ? undefined : await readSet(settings, other, "masks-held-out", signal);
  if (apart?.found.length === 0) throw new ConfigError(`adapt: "${other}" has no image with a mask that can be used${unusedText(apart)}.`);
  const { train, heldOut, warnings } = apart ? { train: own.found, heldOut: apart.found, warnings: [] } : split(own, settings);
  if (!train.some(({ isShown }) => isShown))
    throw new ConfigError(
      `adapt: none of the ${train.length} images for adapting shows the target; choose another --seed or a lower --validation.`,
    );
  const shared = await sharedImages(filesOf(train), filesOf(heldOut));
  return {
    ...{ folder: own.folder, train, heldOut },
    dropped: [...own.dropped, ...(apart?.dropped ?? [])],
    warnings: [...own.warnings, ...(apart?.warnings ?? []), ...warnings, ...sharedWarnings(shared), ...fewWarnings(heldOut.length)],
    sha256: createHash("sha256")
      .update(JSON.stringify([own.contents, apart?.contents ?? []]))
      .digest("hex"),
  };
}

/** Reads all images of a folder or table with their masks. @param masks - folder below that of work for the masks */
async function readSet(settings: AdaptSettings, data: string, masks: string, signal: AbortSignal | undefined): Promise<ReadSet> {
  const { targets, unmatched, unmatchedMasks, leftOut } = await listMaskTargets(data, settings);
  const byImage = new Map<string, MaskTarget[]>();
  for (const target of ofStructure(targets, settings, data)) addTo(byImage, resolve(target.image), target);
  const folder = commonFolder([...byImage.keys()]);
  const work = [...byImage].map(([file, own]) => ({ file, own, name: relative(folder, file).replaceAll(sep, "/") }));
  const groups = (await stat(data)).isDirectory() ? subFolders(work) : undefined;
  const guesses = new MaskGuesses();
  const found: ReadSet["found"][number][] = [];
  const dropped: DroppedPair[] = [];
  const contents: string[] = [];
  for (let from = 0; from < work.length; from += atOnce) {
    throwIfCancelled(signal);
    const part = work.slice(from, from + atOnce);
    const read = await Promise.all(part.map(({ file, own }) => maskOf(file, own, settings.label, guesses)));
    for (const [k, { file, own, name }] of part.entries()) {
      const result = read[k]!;
      if ("reason" in result) {
        dropped.push({ key: name, kind: "input", ...result });
        continue;
      }
      const mask = `${masks}/${String(found.length + 1).padStart(4, "0")}.png`;
      const group = groups ? groups.get(file) : settings.groupColumn === undefined ? undefined : own[0]!.case;
      found.push({ name, file, mask, png: await encodeMask(result.mask), isShown: result.mask.data.includes(1), group });
      const hashes = await Promise.all([file, ...own.map((target) => target.mask)].map(hashInput));
      contents.push(JSON.stringify([name, group, ...hashes.map(({ sha256 }) => sha256)]));
    }
  }
  const aboutFolders = leftOutMessage(leftOut);
  return {
    ...{ folder, found, dropped, contents: contents.sort() },
    warnings: [
      ...(aboutFolders === undefined ? [] : [aboutFolders]),
      ...unusedFiles("images without a mask", unmatched),
      ...unusedFiles("masks without an image", unmatchedMasks),
      ...guesses.sentences(),
    ],
  };
}

/** Holds out a part of the images. @throws ConfigError when that would be none, but should be some */
function split({ found }: ReadSet, { validation, seed }: AdaptSettings) {
  const named = found.map((image) => ({ key: image.name, ...(image.group !== undefined && { group: image.group }), of: image }));
  const parts = splitPairs(named, { fraction: validation, seed });
  if (validation > 0 && parts.validation.length === 0)
    throw new ConfigError("adapt: no image would be held out. Raise --validation, or set it to 0 to measure nothing.");
  const imagesOf = (part: typeof named) => part.map(({ of }) => of);
  return { train: imagesOf(parts.train), heldOut: imagesOf(parts.validation), warnings: splitWarnings(parts, validation) };
}

const filesOf = (images: readonly AdaptImage[]) => images.map(({ file }) => ({ file }));

/** The targets of the chosen structure. @throws ConfigError when there are several and none is chosen, or none of that name */
function ofStructure(targets: readonly MaskTarget[], { structure }: AdaptSettings, data: string): readonly MaskTarget[] {
  const names = [...new Set(targets.map(({ group }) => group))];
  const list = names.map((name) => `"${name}"`).join(", ");
  if (structure === undefined) {
    if (names.length > 1)
      throw new ConfigError(
        `adapt: "${data}" has masks of several structures (${list}), but a pack is adapted to one target. Choose one with --structure.`,
      );
    return targets;
  }
  const own = targets.filter(({ group }) => group === structure);
  if (own.length === 0) throw new ConfigError(`adapt: "${data}" has no masks of the structure "${structure}"; it has ${list}.`);
  return own;
}

/** The union of the masks of an image, or why it cannot be used. */
async function maskOf(
  file: string,
  targets: readonly MaskTarget[],
  label: number | undefined,
  guesses: MaskGuesses,
): Promise<{ readonly mask: Mask } | Pick<DroppedPair, "reason" | "detail">> {
  let reason = () => "image that cannot be read";
  try {
    const { image } = await decodeImage(file, { mode: "paper" });
    let union: Mask | undefined;
    for (const target of targets) {
      reason = () => "mask that cannot be read";
      const { mask, warnings } = await readMask(target.mask, { label, image: { width: image.width, height: image.height, file } });
      guesses.add(target.mask, warnings);
      if (union) for (let i = 0; i < mask.data.length; i++) union.data[i]! |= mask.data[i]!;
      else union = { ...mask, data: mask.data.slice() };
    }
    return { mask: union! };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const problem = maskProblem(error);
    return { reason: problem === "cannot be read" ? reason() : problem, detail: error.message };
  }
}

/** The sub-folder of each image by its file; none where all images are in one folder. */
function subFolders(images: readonly { readonly file: string; readonly name: string }[]): ReadonlyMap<string, string> {
  const folders = new Map(images.map(({ file, name }) => [file, dirname(name)]));
  return new Set(folders.values()).size > 1 ? folders : new Map();
}

function commonFolder(files: readonly string[]): string {
  const [first = ".", ...others] = files.map((file) => dirname(file));
  const isAbove = (folder: string, path: string) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  return others.reduce((folder, path) => {
    let common = folder;
    while (!isAbove(common, path) && common !== dirname(common)) common = dirname(common);
    return common;
  }, first);
}

function requireEnough(set: ReadSet, data: string): void {
  const { length } = set.found;
  if (length < fewestImages)
    throw new ConfigError(
      `adapt: "${data}" has ${length} images with a mask that can be used${unusedText(set)}; at least ${fewestImages} are needed, and twenty or more are better.`,
    );
  if (!set.found.some(({ isShown }) => isShown))
    throw new ConfigError(`adapt: all ${length} masks in "${data}" are empty, so there is nothing to learn.`);
}

/** " (not used: 2 label image; the first: ...)" */
function unusedText({ dropped }: ReadSet): string {
  return dropped.length === 0 ? "" : ` (not used: ${reasonWords(countReasons(dropped))}; the first: ${dropped[0]!.detail})`;
}

function fewWarnings(heldOut: number): string[] {
  if (heldOut === 0 || heldOut >= fewHeldOut) return [];
  return [`only ${countOf(heldOut, "image")} held out: what is measured on so few says little. Give more images, or raise --validation.`];
}

function unusedFiles(what: string, files: readonly string[]): string[] {
  return files.length === 0 ? [] : [`${what}, and not used: ${files.length}, such as "${files[0]}"`];
}
