import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { InputError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";

/** A hash with what must be unchanged for it to hold. */
interface Known {
  readonly size: number;
  readonly mtimeMs: number;
  readonly sha256: string;
}

/** Enough for the weights that a machine meets; the oldest go first. */
const keptHashes = 500;

/** Where hashes are kept between runs: `hashes.json` in the user's cache folder. */
export function hashCacheFile(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "medclip-sam", "hashes.json");
}

/**
 * SHA-256 of a file in hexadecimal. A file is read once: its hash is kept for as long as its path, size and time of change stay the same.
 * A cache that cannot be read or written costs time and nothing else.
 *
 * @throws InputError when the file cannot be read
 */
export async function sha256OfFile(file: string, options: { readonly cache?: string } = {}): Promise<string> {
  const path = resolve(file);
  const cache = options.cache ?? hashCacheFile();
  try {
    const { size, mtimeMs } = await stat(path);
    const hashes = await readHashes(cache);
    const known = hashes.get(path);
    if (known?.size === size && known.mtimeMs === mtimeMs) return known.sha256;
    const sha256 = await hashOf(path);
    // Read again: another process may have added its own meanwhile.
    await remember(cache, path, { size, mtimeMs, sha256 });
    return sha256;
  } catch (cause) {
    throw new InputError(`"${file}" cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

async function remember(cache: string, path: string, known: Known): Promise<void> {
  const hashes = await readHashes(cache);
  hashes.delete(path); // so that it becomes the newest
  hashes.set(path, known);
  const kept = [...hashes].slice(-keptHashes);
  await writeAtomic(cache, `${JSON.stringify(Object.fromEntries(kept), null, 1)}\n`).catch(() => {});
}

/** The kept hashes; none when the file is missing or damaged. */
async function readHashes(cache: string): Promise<Map<string, Known>> {
  try {
    const entries = Object.entries(JSON.parse(await readFile(cache, "utf8")) as Record<string, Partial<Known>>);
    return new Map(entries.filter((entry): entry is [string, Known] => isKnown(entry[1])));
  } catch {
    return new Map();
  }
}

function isKnown(value: Partial<Known> | null): value is Known {
  return typeof value?.size === "number" && typeof value.mtimeMs === "number" && /^[0-9a-f]{64}$/.test(String(value.sha256));
}
