import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { open, rename, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { throwIfCancelled, WeightsError } from "../../errors.ts";
import { makeFolder, remove, removeLeftovers, temporaryName, writeAtomic, writeFully, writing } from "../../files/atomic-write.ts";
import { read, type TarMember, tarMembers } from "../../files/tar.ts";
import { RepositoryCache } from "../cache.ts";
import { cacheFolder } from "../environment.ts";
import { hashesOfFile, hashLike } from "../file-hashes.ts";
import { megabytes } from "../megabytes.ts";
import { type PinnedFile, pin, pinsOf, requireUnchanged } from "../pins.ts";
import { requireSpace } from "../space.ts";
import {
  type BundledModel,
  filesOfBundle,
  largestManifest,
  type Manifest,
  manifestName,
  modelFileName,
  parseManifest,
} from "./manifest.ts";
import type { BundleOptions } from "./pack-bundle.ts";

export interface UnpackOptions extends BundleOptions {
  /** Folder for plain model folders, instead of the Hugging Face cache. */
  readonly into?: string | undefined;
  readonly acceptChanged?: boolean | undefined;
}

/** A model that was unpacked, and where it is. */
export interface UnpackedModel {
  readonly model: BundledModel;
  readonly place: string;
}

/** A file of the bundle, with where its content goes; `staged` until all others are checked, too. */
interface Staged {
  readonly target: string;
  readonly staged: string;
}

/**
 * Unpacks a bundle in constant memory. All files are checked before the first of them gets its name: a bundle that is damaged or cut short
 * leaves nothing.
 *
 * @throws WeightsError when the bundle is refused, or a model differs from the one that was downloaded before; CancelledError
 */
export async function unpackBundle(bundle: string, { into, acceptChanged, signal, tell }: UnpackOptions = {}): Promise<UnpackedModel[]> {
  const { manifest, members } = await openBundle(bundle);
  if (into === undefined) for (const model of manifest.models) await requireSame(model, bundle, acceptChanged);
  const files = filesOfBundle(manifest);
  await requireSpace(
    into ?? cacheFolder(),
    files.reduce((sum, { file }) => sum + file.size, 0),
  );
  const staged: Staged[] = [];
  try {
    for (const [i, { model, path, file }] of files.entries()) {
      tell?.(`checking and unpacking ${model.folder}/${path}, ${megabytes(file.size)}`);
      const target =
        into === undefined ? new RepositoryCache(model.repository).blob(file.etag) : join(into, model.folder, ...path.split("/"));
      const isThere = await isSound(target, file, into !== undefined, signal);
      const temporary = isThere ? undefined : temporaryName(target);
      if (temporary !== undefined) {
        await makeFolder(dirname(target));
        await removeLeftovers(dirname(target));
        staged.push({ target, staged: temporary });
      }
      await extract(bundle, members[i]!, file, temporary, signal);
    }
    for (const one of staged) await writing(one.target, () => rename(one.staged, one.target));
  } catch (error) {
    await remove(staged.map((one) => one.staged)).catch(() => {});
    for (const one of staged) await removeEmpty(dirname(one.target), into ?? cacheFolder());
    throw error;
  }
  const unpacked: UnpackedModel[] = [];
  for (const model of manifest.models)
    unpacked.push({ model, place: into === undefined ? await intoCache(model) : await describeIn(into, model) });
  return unpacked;
}

/** Reads the manifest and compares it with what the archive holds. @throws WeightsError when they differ */
async function openBundle(bundle: string): Promise<{ manifest: Manifest; members: TarMember[] }> {
  const refuse = (reason: string) => new WeightsError(`"${bundle}" is refused: ${reason}. Nothing was unpacked.`);
  const found = await stat(bundle).catch(() => undefined);
  if (!found?.isFile()) throw refuse(found ? "it is not a file" : "there is no such file");
  const members: TarMember[] = [];
  const archive = tarMembers(bundle);
  let end = await archive.next();
  for (; !end.done; end = await archive.next()) members.push(end.value);
  if (end.value) throw refuse(end.value.reason);
  const other = members.find(({ isFile }) => !isFile);
  if (other) throw refuse(`it holds "${other.name}", which is a folder, a link or a device and not in its list`);
  const [first, ...others] = members;
  if (first?.name !== manifestName || first.length > largestManifest)
    throw refuse(`it does not begin with ${manifestName}, as a bundle of \`medclip-sam models pack\` does`);
  const handle = await open(bundle);
  const bytes = await read(handle, first.offset, first.length).finally(() => handle.close());
  const manifest = parseManifest(bytes, bundle);
  const files = filesOfBundle(manifest);
  for (let i = 0; i < Math.max(files.length, others.length); i++) {
    const [expected, member] = [files[i], others[i]];
    const name = expected && `${expected.model.folder}/${expected.path}`;
    if (member?.name !== name)
      throw refuse(`it holds ${member ? `"${member.name}"` : "nothing more"} where its list has ${name ? `"${name}"` : "nothing more"}`);
    if (member!.length !== expected!.file.size) throw refuse(`"${name}" has ${member!.length} bytes, its list says ${expected!.file.size}`);
  }
  return { manifest, members: others };
}

/** @throws WeightsError when an earlier download of the same revision had other files */
async function requireSame({ repository, revision, files }: BundledModel, bundle: string, acceptChanged = false): Promise<void> {
  const pinned = await pinsOf(repository, revision);
  const found = new Map(Object.entries(files).map(([path, { etag }]) => [path, etag]));
  if (pinned && !acceptChanged)
    requireUnchanged(repository, pinned, found, `accept it with \`medclip-sam models unpack ${bundle} --accept-changed\``);
}

/** Whether a file is there already. @throws WeightsError when another one is there that must not be replaced */
async function isSound(target: string, { etag }: PinnedFile, isOwn: boolean, signal: AbortSignal | undefined): Promise<boolean> {
  if (!existsSync(target)) return false;
  const found = await hashesOfFile(target, signal);
  if (hashLike(etag, found) === etag) return true;
  if (isOwn) throw new WeightsError(`"${target}" is there with another content. Choose another folder with --into.`);
  return false; // a damaged file of the cache
}

/** Checks a file of the bundle and copies it. @param target - where to; undefined to check alone */
async function extract(
  bundle: string,
  member: TarMember,
  file: PinnedFile,
  target: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [sha256, git] = [createHash("sha256"), createHash("sha1").update(`blob ${file.size}\0`)];
  const handle = target === undefined ? undefined : await writing(target, () => open(target, "wx"));
  try {
    const { offset, length } = member;
    const content = length === 0 ? [] : createReadStream(bundle, { start: offset, end: offset + length - 1, highWaterMark: 1 << 20 });
    for await (const part of content) {
      const chunk = part as Uint8Array;
      throwIfCancelled(signal);
      sha256.update(chunk);
      git.update(chunk);
      if (handle) await writing(target!, () => writeFully(handle, chunk));
    }
  } finally {
    await handle?.close();
  }
  const found = { sha256: sha256.digest("hex"), git: git.digest("hex") };
  for (const expected of [file.sha256, file.etag]) {
    if (hashLike(expected, found) !== expected) {
      throw new WeightsError(
        `"${bundle}" is refused: "${member.name}" is damaged, its hash is ${hashLike(expected, found)}, its list says ${expected}. Nothing was unpacked.`,
      );
    }
  }
}

/** Removes a folder and those above it, as long as they are empty and below another. */
async function removeEmpty(folder: string, below: string): Promise<void> {
  const isInside = (path: string) => resolve(path).startsWith(resolve(below) + sep);
  const isRemoved =
    isInside(folder) &&
    (await rmdir(folder)
      .then(() => true)
      .catch(() => false));
  if (isRemoved) await removeEmpty(dirname(folder), below);
}

async function intoCache({ repository, revision, commit, files }: BundledModel): Promise<string> {
  const cache = new RepositoryCache(repository);
  for (const [path, { etag }] of Object.entries(files)) await cache.show(etag, commit, path);
  await pin(repository, revision, { commit, files });
  await cache.note(revision, commit);
  return cache.snapshot(commit);
}

async function describeIn(into: string, model: BundledModel): Promise<string> {
  const folder = join(into, model.folder);
  await writeAtomic(join(folder, modelFileName), `${JSON.stringify(model, null, 1)}\n`);
  return folder;
}
