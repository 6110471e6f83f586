import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { throwIfCancelled, WeightsError } from "../../errors.ts";
import { requireWritable, writeAtomically, writeFully } from "../../files/atomic-write.ts";
import { tarEnd, tarHeader, tarPadding } from "../../files/tar-writer.ts";
import { filesOfSnapshot, RepositoryCache } from "../cache.ts";
import { hashesOfFile, hashLike } from "../file-hashes.ts";
import { megabytes } from "../megabytes.ts";
import { filesOfModel } from "../model-files.ts";
import { type PinnedFile, pinsOfCommit } from "../pins.ts";
import { modelToPull } from "../pull.ts";
import type { ModelKind } from "../registry.ts";
import { requireSpace } from "../space.ts";
import { type BundledModel, filesOfBundle, type Manifest, manifestName } from "./manifest.ts";

export interface BundleOptions {
  readonly signal?: AbortSignal | undefined;
  /** Says what is done now. */
  readonly tell?: (message: string) => void;
}

/**
 * Writes models of the Hugging Face cache into one file for machines without network: a tar archive whose first file lists the others with their
 * sizes and hashes. Each file is checked before; the archive is written in constant memory.
 *
 * @returns the models, and the SHA-256 of the bundle
 * @throws WeightsError when a model is missing or damaged; ConfigError for a name that is none; CancelledError
 */
export async function packBundle(
  names: readonly string[],
  out: string,
  { kind, signal, tell }: BundleOptions & { readonly kind?: ModelKind | undefined } = {},
): Promise<{ manifest: Manifest; bytes: number; sha256: string }> {
  const addresses = [...new Set(names)].map((name) => modelToPull(name, { kind }));
  const sources = new Map<BundledModel, string>();
  for (const { address, kind } of addresses) {
    const snapshot = await new RepositoryCache(address.repository).snapshotOf(address.revision);
    if (snapshot === undefined)
      throw new WeightsError(
        `"${address.name}" is not on this machine. Download it first with \`medclip-sam models pull ${address.name}\`.`,
      );
    const { name, repository, revision, published } = address;
    tell?.(`checking ${name}`);
    const { commit, files } = await soundFiles(snapshot, repository, kind, name, signal);
    const { title, licence, use } = published ?? {};
    const facts = { ...(title && { title }), ...(licence && { licence }), ...(use && { use }) };
    sources.set(
      { folder: name.replaceAll("/", "--").replaceAll("@", "-at-"), kind, repository, revision, commit, ...facts, files },
      snapshot,
    );
  }
  const manifest: Manifest = { format: "medclip-sam models", version: 1, models: [...sources.keys()] };
  const files = filesOfBundle(manifest);
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  await requireWritable(out);
  await requireSpace(out, bytes);
  const hash = createHash("sha256");
  await writeAtomically(out, async (handle) => {
    const write = async (part: Uint8Array) => {
      throwIfCancelled(signal);
      hash.update(part);
      await writeFully(handle, part);
    };
    await writeMember(write, manifestName, Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`));
    for (const { model, path, file } of files) {
      tell?.(`packing ${model.folder}/${path}, ${megabytes(file.size)}`);
      await copyMember(write, `${model.folder}/${path}`, join(sources.get(model)!, ...path.split("/")), file);
    }
    await write(tarEnd);
  });
  return { manifest, bytes, sha256: hash.digest("hex") };
}

type Write = (part: Uint8Array) => Promise<void>;

async function writeMember(write: Write, name: string, content: Uint8Array): Promise<void> {
  await write(tarHeader(name, content.length));
  await write(content);
  await write(tarPadding(content.length));
}

async function copyMember(write: Write, name: string, source: string, { size, sha256 }: PinnedFile): Promise<void> {
  await write(tarHeader(name, size));
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(source, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Uint8Array);
    await write(chunk as Uint8Array);
  }
  if (hash.digest("hex") !== sha256) throw new WeightsError(`"${source}" has changed while it was packed.`);
  await write(tarPadding(size));
}

/** The files of a model in a snapshot, each with the hash that it was downloaded with. @throws WeightsError when one has another */
async function soundFiles(
  snapshot: string,
  repository: string,
  kind: ModelKind,
  name: string,
  signal: AbortSignal | undefined,
): Promise<{ commit: string; files: Record<string, PinnedFile> }> {
  const commit = snapshot.split(/[\\/]/).at(-1)!;
  const pinned = await pinsOfCommit(repository, commit);
  const links = await filesOfSnapshot(snapshot);
  const fileOf = (path: string) => join(snapshot, ...path.split("/"));
  const paths = await filesOfModel(
    kind,
    `"${snapshot}"`,
    async (path) => existsSync(fileOf(path)),
    async (path) => fileOf(path),
  );
  const files: Record<string, PinnedFile> = {};
  for (const path of paths) {
    const hashes = await hashesOfFile(fileOf(path), signal);
    const etag = pinned?.files[path]?.etag ?? links.get(path)?.etag ?? hashes.sha256;
    if (hashLike(etag, hashes) !== etag)
      throw new WeightsError(
        `"${fileOf(path)}" is damaged: its hash is ${hashLike(etag, hashes)}, expected ${etag}. Download it again with \`medclip-sam models pull ${name}\`.`,
      );
    files[path] = { size: hashes.size, sha256: hashes.sha256, etag };
  }
  return { commit, files };
}
