import { readdir, readFile, readlink, realpath, rename, stat, symlink } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { copyAtomically, makeFolder, temporaryName, writeAtomic, writing } from "../files/atomic-write.ts";
import { cacheFolder } from "./environment.ts";
import { commitPattern } from "./registry.ts";

/**
 * The folder of a repository in the Hugging Face cache, shared with its own tools.
 *
 * `blobs/` holds each content once, named by its hash; `snapshots/<commit>/` the files of a commit as relative links into it;
 * `refs/<revision>` the commit that a branch or tag was last seen at.
 *
 * @see huggingface.co/docs/hub/local-cache, the description of this layout
 */
export class RepositoryCache {
  readonly folder: string;

  constructor(repository: string, cache = cacheFolder()) {
    this.folder = join(cache, `models--${repository.replace("/", "--")}`);
  }

  blob(etag: string): string {
    return join(this.folder, "blobs", etag);
  }

  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  /** The commit of a revision that was downloaded; undefined if none was. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (commitPattern.test(revision)) return revision;
    const commit = (await readFile(join(this.folder, "refs", revision), "utf8").catch(() => "")).trim();
    return commitPattern.test(commit) ? commit : undefined;
  }

  /** The folder of a revision that was downloaded. */
  async snapshotOf(revision: string): Promise<string | undefined> {
    const commit = await this.commitOf(revision);
    if (commit === undefined) return undefined;
    const found = await stat(this.snapshot(commit)).catch(() => undefined);
    return found?.isDirectory() ? this.snapshot(commit) : undefined;
  }

  /** Shows a content under its name in the snapshot of a commit. Where links are not possible, it is a copy. */
  async show(etag: string, commit: string, path: string): Promise<void> {
    const file = join(this.snapshot(commit), ...path.split("/"));
    await makeFolder(dirname(file));
    const target = relative(dirname(file), this.blob(etag));
    if ((await readlink(file).catch(() => undefined)) === target) return;
    const link = temporaryName(file);
    const isLinked = await symlink(target, link).then(
      () => true,
      () => false, // Windows allows links to developers only, some disks to nobody
    );
    if (isLinked) await writing(file, () => rename(link, file));
    else await copyAtomically(this.blob(etag), file);
  }

  /** Notes the commit of a branch or tag, once all its files are there. */
  async note(revision: string, commit: string): Promise<void> {
    if (!commitPattern.test(revision)) await writeAtomic(join(this.folder, "refs", ...revision.split("/")), commit);
  }
}

/** Where a file of the cache lies: its repository and the commit of its snapshot. */
export interface PlaceInCache {
  readonly repository: string;
  readonly commit: string;
  readonly snapshot: string;
}

/** The place of a file or folder that lies in a snapshot of any Hugging Face cache; undefined for others. */
export function placeInCache(path: string): PlaceInCache | undefined {
  const parts = path.split(sep);
  const at = parts.lastIndexOf("snapshots");
  const [, owner, name] = /^models--(.+?)--(.+)$/.exec(parts[at - 1] ?? "") ?? [];
  const commit = parts[at + 1] ?? "";
  if (at < 1 || owner === undefined || !commitPattern.test(commit)) return undefined;
  return { repository: `${owner}/${name}`, commit, snapshot: parts.slice(0, at + 2).join(sep) };
}

/** The files of a snapshot by their path in the repository, each with the hash that its content is named by, if it is a link. */
export async function filesOfSnapshot(snapshot: string): Promise<Map<string, { readonly file: string; readonly etag?: string }>> {
  const files = new Map<string, { file: string; etag?: string }>();
  for (const entry of await readdir(snapshot, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    const target = basename(await realpath(file).catch(() => file));
    const etag = entry.isSymbolicLink() && /^([0-9a-f]{64}|[0-9a-f]{40})$/.test(target) ? target : undefined;
    files.set(relative(snapshot, file).split(sep).join("/"), { file, ...(etag !== undefined && { etag }) });
  }
  return files;
}
