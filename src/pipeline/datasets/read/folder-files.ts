import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../../errors.ts";
import { readTextIfPresent } from "../../../files/read-text.ts";
import { realPath } from "../../../files/real-path.ts";
import { byCodePoint } from "../../../scans/code-points.ts";
import { litter } from "../../../scans/litter.ts";
import type { Failure, FolderFiles } from "../data-set.ts";

/**
 * Lists all files below a folder, whatever their kind, but for what systems leave behind (".DS_Store"). Links are followed; no folder is read twice.
 *
 * @param options.out - a folder of results that is passed over
 * @throws InputError when the folder itself cannot be read
 */
export async function folderFiles(root: string, { out }: { readonly out?: string } = {}): Promise<FolderFiles> {
  const place = (path: string): string => join(root, ...path.split("/"));
  const paths: string[] = [];
  const failures: Failure[] = [];
  const results: string[] = [];
  const visited = new Set(out === undefined ? [] : [await realPath(out)]);
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const at = folder === "" ? root : place(folder);
    try {
      const own = await realpath(at);
      if (visited.has(own)) continue;
      visited.add(own);
      if (folder !== "" && (await isPrepared(at))) {
        results.push(folder);
        continue;
      }
      for (const { name } of await readdir(at, { withFileTypes: true })) {
        if (litter.test(name)) continue;
        const path = folder === "" ? name : `${folder}/${name}`;
        const found = await stat(place(path)).catch(() => undefined); // a link that leads nowhere is told as a file
        if (found?.isDirectory()) folders.push(path);
        else paths.push(path);
      }
    } catch (cause) {
      const error = unreadable(at, cause as NodeJS.ErrnoException);
      if (folder === "") throw error;
      failures.push({ files: [folder], message: error.message });
    }
  }
  return { root, paths: paths.sort(byCodePoint), place, failures, results };
}

/** Whether a folder has the record of a prepared data set. */
export async function isPrepared(folder: string): Promise<boolean> {
  const text = await readTextIfPresent(join(folder, "run.json")).catch(() => undefined);
  return text !== undefined && /^\s*\{[^[]*"command":\s*"datasets prepare"/.test(text);
}

/** Packed downloads. */
export const archiveEnding = /\.(zip|rar|7z|tar|gz|tgz)$/i;

function unreadable(folder: string, cause: NodeJS.ErrnoException): InputError {
  const isFile = `is a file, expected a folder${archiveEnding.test(folder) ? ". Unpack it first" : ""}`;
  const why = { ENOENT: "does not exist", ENOTDIR: isFile }[cause.code ?? ""] ?? `cannot be read: ${cause.message}`;
  return new InputError(`"${folder}" ${why}`, { cause });
}
