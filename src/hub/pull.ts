import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, WeightsError } from "../errors.ts";
import { RepositoryCache } from "./cache.ts";
import { type DownloadEvent, download } from "./download.ts";
import { hubEndpoint, hubToken, isOffline } from "./environment.ts";
import { type FileHashes, hashesOfFile, hashLike } from "./file-hashes.ts";
import { bringBundle, type HttpOptions } from "./http.ts";
import { filesOfModel } from "./model-files.ts";
import { type PinnedFile, pin, pinsOf, requireUnchanged } from "./pins.ts";
import { addressOf, type ModelAddress, type ModelKind, publishedModel, publishedModels } from "./registry.ts";
import { describeRemote, type RemoteFile } from "./remote-file.ts";

export interface PullOptions extends Omit<HttpOptions, "token"> {
  /** A branch, a tag or a commit instead of `main`. */
  readonly revision?: string | undefined;
  /** Kind of a repository that has no short name. */
  readonly kind?: ModelKind | undefined;
  /** Take a model whose files have other hashes than at its first download. */
  readonly acceptChanged?: boolean | undefined;
}

/** A file of a model that is to be downloaded. */
export interface PlannedFile extends RemoteFile {
  /** Its hashes, if it is in the cache and sound. */
  readonly cached?: FileHashes;
}

/** What a download of a model will do. */
export interface PullPlan {
  readonly address: ModelAddress;
  readonly kind: ModelKind;
  readonly commit: string;
  readonly files: readonly PlannedFile[];
  /** The folder that will hold the model. */
  readonly snapshot: string;
}

/**
 * Finds the model that a name means.
 *
 * @throws ConfigError for a name that is none; WeightsError for a model that is not on the hub
 */
export function modelToPull(
  name: string,
  { revision, kind }: Pick<PullOptions, "revision" | "kind">,
): { address: ModelAddress; kind: ModelKind } {
  const published = publishedModel(name);
  if (published?.page !== undefined) {
    throw new WeightsError(
      `"${name}" (${published.title}) is not on the Hugging Face hub and cannot be pulled. Download it by hand from ${published.page} and give its file: --${published.kind} FILE.`,
    );
  }
  const address = addressOf(revision === undefined ? name : `${name}@${revision}`);
  if (!address) {
    const known = Object.entries(publishedModels).flatMap(([known, { repository }]) => (repository === undefined ? [] : [known]));
    throw new ConfigError(
      `"${name}"${revision === undefined ? "" : ` with revision "${revision}"`} is no published model. Give one of ${known.join(", ")}, or owner/repository on the hub with --kind clip or sam.`,
    );
  }
  const own = address.published?.kind;
  if (own !== undefined && kind !== undefined && own !== kind)
    throw new ConfigError(`"${name}" is a model of kind ${own}, not ${kind}. Leave out --kind.`);
  const known = own ?? kind;
  if (known === undefined)
    throw new ConfigError(`${address.repository} has no short name: say what it holds with --kind clip or --kind sam.`);
  return { address: { ...address, name }, kind: known };
}

/**
 * Asks the hub which files a model has, compares them with the cache and with the hashes of its first download. Nothing is downloaded but the
 * index of a model in shards.
 *
 * @throws WeightsError when the repository cannot be read, or a file has changed; ConfigError as `modelToPull`; CancelledError
 */
export async function planPull(name: string, options: PullOptions): Promise<PullPlan> {
  const { address, kind } = modelToPull(name, options);
  const { repository, revision } = address;
  if (isOffline()) {
    throw new WeightsError(
      `HF_HUB_OFFLINE is set, so nothing is downloaded. Unset it to download ${repository}, or bring it as a bundle: ${bringBundle}.`,
    );
  }
  const http: HttpOptions = { ...options, token: await hubToken() };
  const described = new Map<string, RemoteFile | undefined>();
  let commit: string | undefined;
  const describe = async (path: string): Promise<RemoteFile | undefined> => {
    // The first answer tells the commit; all other files are those of this commit, whatever is published meanwhile.
    if (!described.has(path)) described.set(path, await describeRemote(repository, commit ?? revision, path, http));
    const file = described.get(path);
    commit ??= file?.commit;
    return file;
  };
  const cache = new RepositoryCache(repository);
  const paths = await filesOfModel(
    kind,
    `${hubEndpoint()}/${repository} at ${revision}`,
    async (path) => (await describe(path)) !== undefined,
    async (path) => ({ name: path, bytes: await contentOf((await describe(path))!, repository, cache, http) }),
  );
  const files: PlannedFile[] = [];
  for (const path of paths) {
    const file = await describe(path);
    if (!file) throw new WeightsError(`${repository} does not hold "${path}", which the index of its weights lists.`);
    const cached = await cachedFile(cache, file);
    files.push({ ...file, ...(cached && { cached }) });
  }
  const pinned = await pinsOf(repository, revision);
  if (pinned && !options.acceptChanged) {
    const accept = `accept it with \`medclip-sam models pull ${name}${options.revision === undefined ? "" : ` --revision ${revision}`} --accept-changed\``;
    requireUnchanged(repository, pinned, new Map(files.map(({ path, etag }) => [path, etag])), accept);
  }
  return { address, kind, commit: commit!, files, snapshot: cache.snapshot(commit!) };
}

/** The content of a small file, which is downloaded if need be. */
async function contentOf(file: RemoteFile, repository: string, cache: RepositoryCache, options: HttpOptions): Promise<Uint8Array> {
  if (!(await cachedFile(cache, file))) for await (const _ of download(file, repository, cache.blob(file.etag), options));
  return await readFile((await soundFile(cache, file))!.file);
}

async function cachedFile(cache: RepositoryCache, file: RemoteFile): Promise<FileHashes | undefined> {
  return (await soundFile(cache, file))?.hashes;
}

/** A file in the cache whose content has the expected hash: a blob, or, where links are not possible, a file of the snapshot. */
async function soundFile(
  cache: RepositoryCache,
  { etag, commit, path }: RemoteFile,
): Promise<{ file: string; hashes: FileHashes } | undefined> {
  for (const file of [cache.blob(etag), join(cache.snapshot(commit), ...path.split("/"))]) {
    const hashes = await hashesOfFile(file).catch(() => undefined);
    if (hashes && hashLike(etag, hashes) === etag) return { file, hashes };
  }
  return undefined;
}

/** Bytes of a plan that are not in the cache. Files whose size the server does not tell count as nothing. */
export function missingBytes({ files }: PullPlan): number {
  return files.reduce((sum, { size = 0, cached }) => sum + (cached ? 0 : size), 0);
}

/** What happens while a model is downloaded. */
export type PullEvent =
  | { readonly type: "file"; readonly file: PlannedFile }
  | (DownloadEvent & { readonly file: PlannedFile })
  | { readonly type: "fileDone"; readonly file: PlannedFile };

/**
 * Downloads the files of a plan that are not in the cache, shows them in the snapshot and pins their hashes. A revision that is not complete is never
 * noted, so that no program takes half a model for a whole one.
 *
 * @throws as `download`
 */
export async function* pull({ address, commit, files }: PullPlan, options: PullOptions): AsyncGenerator<PullEvent> {
  const { repository, revision } = address;
  const http: HttpOptions = { ...options, token: await hubToken() };
  const cache = new RepositoryCache(repository);
  const pinned: Record<string, PinnedFile> = {};
  for (const file of files) {
    let hashes = file.cached;
    if (!hashes) {
      yield { type: "file", file };
      const events = download(file, repository, cache.blob(file.etag), http);
      for (;;) {
        const { value, done } = await events.next();
        if (done) {
          hashes = value;
          break;
        }
        yield { ...value, file };
      }
      yield { type: "fileDone", file };
    }
    const { size, sha256 } = hashes;
    pinned[file.path] = { size, sha256, etag: file.etag };
  }
  for (const { etag, path, cached } of files) if (!cached || existsSync(cache.blob(etag))) await cache.show(etag, commit, path);
  await pin(repository, revision, { commit, files: pinned });
  await cache.note(revision, commit);
}
