import { promisify } from "node:util";
import { constants, createGunzip, gunzipSync, gzip } from "node:zlib";

/** The bytes that a part of a compressed file, from its start, gives. @throws Error when it is damaged; a part may end anywhere */
export function firstGunzipped(part: Uint8Array): Uint8Array {
  return gunzipSync(part, { finishFlush: constants.Z_SYNC_FLUSH });
}

/**
 * The content of a compressed file, piece by piece: all of its members, each checked by its sum.
 *
 * @throws Error when it is damaged, or ends early
 */
export async function* gunzipped(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const stream = createGunzip({ chunkSize: 2 ** 18 });
  stream.end(bytes);
  yield* stream as AsyncIterable<Uint8Array>;
}

/** Where a gzip header names the operating system, which would differ from machine to machine, and its value for "unknown". */
const [systemAt, unknownSystem] = [9, 255];

/** Compressed without a time or system in the header, so that the same bytes give the same bytes. */
export async function gzipped(bytes: Uint8Array): Promise<Uint8Array> {
  const compressed = await promisify(gzip)(bytes, { level: 6 });
  compressed[systemAt] = unknownSystem;
  return compressed;
}
