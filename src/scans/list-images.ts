import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ConfigError, InputError } from "../errors.ts";
import { byCodePoint } from "./code-points.ts";
import { kindOfFile } from "./file-kind.ts";
import { withoutEnding } from "./file-names.ts";
import type { LeftOut, LeftOutReason } from "./left-out.ts";
import { litter } from "./litter.ts";
import { canonicalName, imageEnding, type Side } from "./names.ts";
import { expandPattern } from "./pattern.ts";
import { isRecord, isResultFolder, isRunFolder, promptReport, promptReportIn } from "./results-of-runs.ts";
import type { Scan } from "./scan.ts";

/** An input image: a file, or a frame of a scan. */
export interface ImageInput {
  /** The file that holds it. */
  readonly file: string;
  /** Name of the results: sub-folders of the given folder and file name without extension, with "/" between; of a frame the scan's and its number. */
  readonly name: string;
  /** Its path relative to the given folder, with extension and "/" between; for a file given directly, the full path. */
  readonly path: string;
  /** Absent for a picture in a file of its own. */
  readonly frame?: FrameOfScan;
}

/** Where an input image stands in its scan. */
export interface FrameOfScan {
  readonly scan: Scan;
  /** In slice order, from 0. */
  readonly index: number;
  /** The scan as an input: its name, its path, and the file or folder in which it lies. */
  readonly whole: Pick<ImageInput, "file" | "name" | "path">;
}

/** The path of an image without extension, by which two folders are matched. @see joinByName */
export function pathWithoutEnding({ path }: Pick<ImageInput, "path">): string {
  return withoutEnding(path);
}

/** Files as one side of a match by name. @param noun - for an item in messages */
export function sideOf(items: readonly ImageInput[], noun: string): Side<ImageInput> {
  return { items, namesOf: (input) => [pathWithoutEnding(input)], noun };
}

/** The images of some paths, and the other files beside them. */
export interface ImageList {
  readonly inputs: ImageInput[];
  readonly leftOut: LeftOut[];
}

export interface ListOptions {
  /** Output folder of the run, whose results are passed over even before it has a record. */
  readonly out?: string | undefined;
  /** Whether masks are wanted, too: else files such as "a_mask.png" beside "a.png" are left out. Default true. */
  readonly withMasks?: boolean | undefined;
  /** Whether inputs may have equal names, where no results are named after them. Default false. */
  readonly withEqualNames?: boolean | undefined;
}

/**
 * The images of some paths: files as given, folders with all their sub-folders.
 *
 * In folders, only files with the ending of an image are taken, and DICOM files whatever their names, which often have no ending; all others are returned with the reason, but for what systems leave behind
 * (".DS_Store"). Results of earlier runs, and of the run itself, are no inputs, nor are the masks beside a folder of images in a data set. Each folder's images are sorted by name in code-point order, so that a run has the
 * same order everywhere. Links are followed, but no folder is read twice. A path with "*" or "?" in its last part that does not exist stands
 * for the files that fit, as not every shell expands it.
 *
 * @throws InputError when a path does not exist or cannot be read
 * @throws ConfigError when two inputs have the same name, as their results would overwrite one another, unless the options allow it
 */
export async function listImages(given: readonly string[], options: ListOptions = {}): Promise<ImageList> {
  const inputs: ImageInput[] = [];
  const leftOut: LeftOut[] = [];
  for (const path of (await Promise.all(given.map(expandPattern))).flat()) {
    const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      throw new InputError(cause.code === "ENOENT" ? `"${path}" does not exist` : `"${path}" cannot be read: ${cause.message}`, { cause });
    });
    if (found.isDirectory()) {
      const folder = await walk(path, options);
      // One by one: a call takes no more than some 100,000 arguments.
      for (const input of folder.inputs) inputs.push(input);
      for (const file of folder.leftOut) leftOut.push(file);
    } else {
      inputs.push({ file: path, name: pathWithoutEnding({ path: basename(path) }), path: resolve(path) });
    }
  }
  if (!options.withEqualNames) refuseEqualNames(inputs);
  return { inputs, leftOut };
}

/** Names are equal if any file system takes them for equal: macOS and Windows do not tell upper from lower case, macOS not one Unicode form from another. */
export function refuseEqualNames(inputs: readonly ImageInput[]): void {
  const taken = new Map<string, ImageInput>();
  for (const input of inputs) {
    const { file, name } = input;
    const key = canonicalName(name).toLowerCase();
    const other = taken.get(key);
    if (other && resolve(other.file) === resolve(file)) throw new ConfigError(`"${file}" is given twice`);
    if (other) {
      const equal =
        other.name === name ? `the same name "${name}"` : `names that are the same on macOS and Windows, "${other.name}" and "${name}"`;
      throw new ConfigError(`"${other.file}" and "${file}" have ${equal}, so their results would overwrite each other. Rename one.`);
    }
    taken.set(key, input);
  }
}

/** All images below a folder. Linked folders come after all real ones, so that an image keeps its real place where it has one. */
async function walk(root: string, { out, withMasks = true }: ListOptions): Promise<ImageList> {
  let inputs: ImageInput[] = [];
  const leftOut: LeftOut[] = [];
  const leave = (file: string, reason: LeftOutReason) => leftOut.push({ file, reason });
  const visited = new Set<string>();
  const real = [""]; // folders still to read, relative to the root, "/" between
  const linked: string[] = [];

  const place = (relative: string) => (relative === "" ? root : join(root, ...relative.split("/")));
  for (;;) {
    const folder = real.pop() ?? linked.shift();
    if (folder === undefined) break;
    const path = place(folder);
    const entries = await open(path, visited).catch((cause) => {
      if (folder === "") throw new InputError(`"${path}" cannot be read: ${messageOf(cause)}`, { cause });
      leave(path, "unreadable");
      return [];
    });
    if (entries === "visited") {
      leave(path, "loop");
      continue;
    }
    const isOut = out !== undefined && resolve(out) === resolve(path);
    const masks = maskFoldersOf(entries);
    const isRun = isOut || (entries.some(({ name }) => isRecord(name)) && (await isRunFolder(path)));
    const isReport = entries.some(({ name }) => name === promptReport.file) && (await promptReportIn(path)) !== undefined;
    const isResult = (name: string) => (isRun && isResultFolder(name)) || (isReport && name === promptReport.pictures);
    const isOwnRecord = (name: string) => (isRun && isRecord(name)) || (isReport && name === promptReport.file);
    for (const entry of entries) {
      if (litter.test(entry.name)) continue;
      const relative = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const file = place(relative);
      const target = entry.isSymbolicLink() ? await stat(file).catch(() => null) : entry;
      if (entry.name.startsWith(".")) leave(file, "hidden");
      else if (target === null) leave(file, "link");
      else if (target.isDirectory()) {
        if (isResult(entry.name)) leave(file, "results");
        else if (masks.has(entry.name)) leave(file, "masks");
        else (target === entry ? real : linked).push(relative);
      } else if (!target.isFile()) leave(file, "special");
      else if (imageEnding.test(entry.name)) inputs.push({ file, name: relative.replace(imageEnding, ""), path: relative });
      else if (!isOwnRecord(entry.name)) {
        const kind = await kindOfFile(file).catch(() => "unreadable" as const);
        if (kind === "dicom") inputs.push({ file, name: relative, path: relative });
        else leave(file, kind);
      }
    }
  }
  if (!withMasks) {
    const isMask = maskTest(inputs);
    for (const input of inputs) if (isMask(input)) leave(input.file, "mask");
    inputs = inputs.filter((input) => !isMask(input));
  }
  inputs.sort((a, b) => byCodePoint(a.name, b.name));
  leftOut.sort((a, b) => byCodePoint(a.file, b.file));
  return { inputs, leftOut };
}

/** What stands behind the name of an image in that of its mask, with a number where it has several: "a_mask.png", "a-seg_1.png". */
const maskName = /^(.+)[_-](?:masks?|seg|segmentation|labels?|gt)(?:[_-]?\d+)?$/i;

/** Whether an image is the mask of another one in its folder, by its name. */
function maskTest(inputs: readonly ImageInput[]): (input: ImageInput) => boolean {
  const names = new Set(inputs.map(({ name }) => canonicalName(name)));
  return ({ name }) => {
    const [, image] = maskName.exec(canonicalName(name)) ?? [];
    return image !== undefined && names.has(image);
  };
}

/**
 * Names of image folders in data sets, and of the mask folders beside them, with the part that both share: `images` and `masks_lung` (ours),
 * `train_images` and `train_masks` (the paper), `imagesTr` and `labelsTr` (nnU-Net).
 */
const dataLayouts = [
  { images: /^(|.+_)images$/, masks: /^(|.+?_)(?:masks(?:_.+)?|labels)$/ },
  { images: /^images(Tr|Ts)$/, masks: /^labels(Tr|Ts)$/ },
] as const;

/** The names of the folders among some entries that hold the masks of the images beside them. */
function maskFoldersOf(entries: readonly Dirent[]): ReadonlySet<string> {
  const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
  const masks = dataLayouts.flatMap((layout) => {
    const shared = new Set(folders.map((name) => layout.images.exec(name)?.[1]));
    return folders.filter((name) => layout.masks.test(name) && shared.has(layout.masks.exec(name)![1]));
  });
  return new Set(masks);
}

/** The entries of a folder, or a note that it was read before under this or another name. */
async function open(path: string, visited: Set<string>) {
  const own = await realpath(path);
  if (visited.has(own)) return "visited" as const;
  visited.add(own);
  const entries = await readdir(path, { withFileTypes: true });
  return entries.sort((a, b) => byCodePoint(a.name, b.name));
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
