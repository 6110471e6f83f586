import { readdir, realpath, stat } from "node:fs/promises";
import { join, parse } from "node:path";
import { ConfigError, InputError } from "../errors.ts";
import { imageEnding } from "./names.ts";

/** An image to work on. */
export interface ImageInput {
  readonly file: string;
  /** Names the results: the file name without its ending, after the sub-folders of the given folder, with "/" between. */
  readonly name: string;
}

/** A file or folder that was met on the way and not taken. */
export interface Skipped {
  readonly file: string;
  readonly reason: string;
}

/**
 * The images that some paths stand for: files as given, folders with all their sub-folders.
 *
 * In folders, only files with the ending of an image are taken and hidden ones are passed over; each folder's images are sorted by name
 * in code-point order, so that a run has the same order everywhere. Links are followed, but no folder is read twice.
 *
 * @throws InputError when a path does not exist or cannot be read
 * @throws ConfigError when two inputs have the same name, as their results would overwrite one another
 */
export async function listImages(paths: readonly string[]): Promise<{ inputs: ImageInput[]; skipped: Skipped[] }> {
  const inputs: ImageInput[] = [];
  const skipped: Skipped[] = [];
  for (const path of paths) {
    const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      throw new InputError(cause.code === "ENOENT" ? `"${path}" does not exist` : `"${path}" cannot be read: ${cause.message}`, { cause });
    });
    if (found.isDirectory()) {
      const folder = await walk(path);
      inputs.push(...folder.inputs);
      skipped.push(...folder.skipped);
    } else {
      inputs.push({ file: path, name: parse(path).name });
    }
  }
  const taken = new Map<string, string>();
  for (const { file, name } of inputs) {
    const other = taken.get(name);
    if (other === file) throw new ConfigError(`"${file}" is given twice`);
    if (other !== undefined) {
      throw new ConfigError(
        `"${other}" and "${file}" have the same name "${name}", so their results would overwrite one another; rename one`,
      );
    }
    taken.set(name, file);
  }
  return { inputs, skipped };
}

/** All images below a folder. Linked folders come after all real ones, so that an image keeps its real place where it has one. */
async function walk(root: string): Promise<{ inputs: ImageInput[]; skipped: Skipped[] }> {
  const inputs: ImageInput[] = [];
  const skipped: Skipped[] = [];
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
      skipped.push({ file: path, reason: `cannot be read: ${messageOf(cause)}` });
      return [];
    });
    if (entries === "visited") {
      skipped.push({ file: path, reason: "is a link to a folder that was read already" });
      continue;
    }
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      const relative = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const file = place(relative);
      const target = entry.isSymbolicLink() ? await stat(file).catch(() => null) : entry;
      if (target === null) skipped.push({ file, reason: "is a broken link" });
      else if (target.isDirectory()) (target === entry ? real : linked).push(relative);
      else if (!target.isFile()) skipped.push({ file, reason: "is not a regular file" });
      else if (!imageEnding.test(entry.name)) skipped.push({ file, reason: "does not have the ending of an image" });
      else inputs.push({ file, name: relative.replace(imageEnding, "") });
    }
  }
  inputs.sort((a, b) => byCodePoint(a.name, b.name));
  skipped.sort((a, b) => byCodePoint(a.file, b.file));
  return { inputs, skipped };
}

/** A folder's entries, or that it was read before under this or another name. */
async function open(path: string, visited: Set<string>) {
  const own = await realpath(path);
  if (visited.has(own)) return "visited" as const;
  visited.add(own);
  const entries = await readdir(path, { withFileTypes: true });
  return entries.sort((a, b) => byCodePoint(a.name, b.name));
}

/** Order by Unicode code points. JavaScript's own goes by 16-bit units, which puts rare characters before the private ones. */
function byCodePoint(a: string, b: string): number {
  const left = Array.from(a, (character) => character.codePointAt(0)!);
  const right = Array.from(b, (character) => character.codePointAt(0)!);
  const differ = left.findIndex((point, i) => point !== right[i]);
  return differ < 0 ? left.length - right.length : left[differ]! - (right[differ] ?? -1);
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
