import { appendFile, open, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { WeightsError } from "../errors.ts";
import { writeFully, writing } from "../files/atomic-write.ts";
import { type FileHashes, hashesOfFile, hashLike } from "./file-hashes.ts";
import { faultOf, faultOfStatus, type HttpOptions, NoAnswer, PassingFault, pauseAfter, request } from "./http.ts";
import { claimPartial, releasePartial } from "./partial-file.ts";
import { type RemoteFile, refusal } from "./remote-file.ts";

/** What happens during a download. */
export type DownloadEvent =
  /** `received` bytes of the file are there, those of earlier attempts included. */
  | { readonly type: "received"; readonly received: number }
  /** Something that the user may want to know: a repetition, a new beginning. */
  | { readonly type: "note"; readonly message: string };

/** Shortest time between two `received` events, in milliseconds. */
const tellEveryMs = 500;

const keptWords = " What has arrived is kept: the same command resumes.";

/**
 * Downloads a file in constant memory and checks its hash before it gets its name.
 *
 * The bytes go to a partial file beside it, which stays when the connection is lost or the download is cancelled. The next attempt, or
 * the next process, asks for the rest. Bytes with another hash are deleted; if an earlier process has left a part of them, they are
 * downloaded once more from the beginning.
 *
 * @param file - where the content will be
 * @returns the hashes of the content
 * @throws WeightsError when the server refuses, sends other bytes, or fails too often; OutputError when the disk is full; CancelledError
 */
export async function* download(
  remote: RemoteFile,
  repository: string,
  file: string,
  options: HttpOptions,
): AsyncGenerator<DownloadEvent, FileHashes> {
  const partial = await claimPartial(file);
  try {
    return yield* new Download(remote, repository, file, partial, options).run();
  } finally {
    releasePartial(partial);
  }
}

class Download {
  private readonly about: string;
  /** What the server calls its content, without which it cannot tell whether the rest that is asked for fits; beside the file for later processes. */
  private readonly validatorFile: string;

  constructor(
    private readonly remote: RemoteFile,
    private readonly repository: string,
    private readonly file: string,
    private readonly partial: string,
    private readonly options: HttpOptions,
  ) {
    this.about = `"${remote.path}" of ${repository}`;
    this.validatorFile = `${file}.validator`;
  }

  async *run(): AsyncGenerator<DownloadEvent, FileHashes> {
    await writing(this.partial, () => appendFile(this.partial, "")); // a file may be empty
    let isFromEarlier = (await this.received()) > 0;
    for (;;) {
      yield* this.fetchAll();
      const hashes = await hashesOfFile(this.partial, this.options.signal);
      const found = hashLike(this.remote.etag, hashes);
      if (found === this.remote.etag) {
        await writing(this.file, () => rename(this.partial, this.file));
        await rm(this.validatorFile, { force: true });
        return hashes;
      }
      await this.discard();
      if (!isFromEarlier) {
        throw new WeightsError(
          `${this.about}: wrong bytes were received, and deleted. Expected the hash ${this.remote.etag}, got ${found} (${hashes.size} bytes).`,
        );
      }
      isFromEarlier = false;
      yield {
        type: "note",
        message: `${this.about}: what an earlier download has left is damaged; downloading it again from the beginning`,
      };
    }
  }

  /** Requests what is missing until everything is there. */
  private async *fetchAll(): AsyncGenerator<DownloadEvent> {
    for (let failures = 0; ; ) {
      const before = await this.received();
      if (before > (this.remote.size ?? before)) await this.discard();
      if (before === this.remote.size) return yield { type: "received", received: before };
      try {
        yield* this.receive(await this.received());
        return;
      } catch (fault) {
        if (!(fault instanceof PassingFault)) throw fault;
        const received = await this.received();
        failures = received > before ? 1 : failures + 1;
        if (failures <= this.options.retries) yield { type: "note", message: `${this.about}: ${fault.message}; trying again` };
        await pauseAfter(fault, failures, this.options, received === 0 && fault instanceof NoAnswer ? "" : keptWords);
      }
    }
  }

  /** One request for all bytes after the first `from`. @throws PassingFault when they do not all arrive */
  private async *receive(from: number): AsyncGenerator<DownloadEvent> {
    const validator = from > 0 ? await readFile(this.validatorFile, "utf8").catch(() => "") : "";
    const range = from > 0 && { range: `bytes=${from}-`, ...(validator !== "" && { "if-range": validator }) };
    const { url } = this.remote;
    const { response, isAlive, close } = await request(url, { method: "GET", headers: { ...range } }, this.options);
    try {
      const { size = Number.POSITIVE_INFINITY } = this.remote;
      let at = await this.begin(response, from);
      const handle = await writing(this.partial, () => open(this.partial, "a"));
      let toldAt = Number.NEGATIVE_INFINITY;
      try {
        for await (const chunk of this.chunksOf(response, isAlive)) {
          at += chunk.length;
          if (at > size) break;
          await writing(this.partial, () => writeFully(handle, chunk));
          if (performance.now() - toldAt < tellEveryMs) continue;
          toldAt = performance.now();
          yield { type: "received", received: at };
        }
      } finally {
        await handle.close();
      }
      if (at > size) {
        await this.discard();
        throw new WeightsError(`${this.about}: the server sends more than the ${size} bytes of the file; what was received is deleted.`);
      }
      if (at < size && size < Number.POSITIVE_INFINITY) throw new PassingFault(`the connection ended after ${at} of ${size} bytes`);
      yield { type: "received", received: at };
    } finally {
      close();
    }
  }

  /** Checks the head of a response. @returns the position of its first byte; the partial file ends there */
  private async begin(response: Response, from: number): Promise<number> {
    const { status, headers } = response;
    if (status === 416) {
      await this.discard();
      throw new PassingFault("the server does not have the rest that was asked for (416); beginning again");
    }
    if (status !== 200 && status !== 206) {
      throw faultOfStatus(response, this.about) ?? refusal(response, this.repository, this.remote.commit, this.about, this.options);
    }
    const first = status === 206 ? Number(/^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1] ?? Number.NaN) : 0;
    if (first !== 0 && first !== from) {
      await this.discard();
      throw new PassingFault("the server sent another part than was asked for; beginning again");
    }
    const length = Number(headers.get("content-length") ?? Number.NaN);
    const { size } = this.remote;
    if (size !== undefined && length >= 0 && headers.get("content-encoding") === null && first + length !== size) {
      await this.discard();
      throw new WeightsError(
        `${this.about}: the server offers ${first + length} bytes, expected ${size}. Does a proxy or a login page answer in its place?`,
      );
    }
    if (first < from) await writing(this.partial, () => truncate(this.partial, first));
    const etag = headers.get("etag");
    if (etag?.startsWith('"')) await writeFile(this.validatorFile, etag).catch(() => {});
    return first;
  }

  private async *chunksOf(response: Response, isAlive: () => void): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response.body ?? []) {
        isAlive();
        yield chunk as Uint8Array;
      }
    } catch (cause) {
      throw faultOf(cause, new URL(response.url), this.options);
    }
  }

  private async received(): Promise<number> {
    return (await stat(this.partial).catch(() => undefined))?.size ?? 0;
  }

  private async discard(): Promise<void> {
    await Promise.all([this.partial, this.validatorFile].map((file) => rm(file, { force: true })));
  }
}
