import { open } from "node:fs/promises";
import { basename } from "node:path";
import { InputError } from "../errors.ts";
import { read, type TarMember, tarMembers } from "../files/tar.ts";
import { isMissing } from "./_table.ts";
import { withoutGroup } from "./csv-pairs.ts";
import type { DroppedPair, FoundPairs, Pair } from "./pairs.ts";

/** Endings that name the image of a sample; the first that is there is taken. */
const imageEndings = ["jpg", "png", "jpeg", "webp"];

/** Consecutive members with one key. */
interface Sample {
  readonly key: string;
  /** By their ending. */
  readonly parts: Map<string, TarMember>;
  /** Endings that came more than once: it is ambiguous which member is meant. */
  readonly repeated: Set<string>;
}

/**
 * The pairs of a WebDataset shard: a tar archive in which consecutive members that are alike up to the first dot of their file name
 * are one sample. The image is its `jpg`, `png`, `jpeg` or `webp`, the caption its `txt` (UTF-8).
 *
 * Samples that lack a part are dropped, those whose key or a part of which comes again, and the one in which a damaged archive ends; those
 * before it are kept. Images stay in the archive until they are needed.
 *
 * @param options.name - of the shard in keys; default: its file name
 * @param options.groupField - field of the sample's `json` member whose equal values a split keeps together
 * @returns pairs whose keys are `<shard>/<key>`
 * @throws InputError when the shard cannot be opened
 */
export async function readShard(
  shard: string,
  options: { readonly name?: string | undefined; readonly groupField?: string | undefined } = {},
): Promise<FoundPairs> {
  const { name: shardName = basename(shard), groupField } = options;
  const pairs: Pair[] = [];
  const dropped: DroppedPair[] = [];
  const handle = await open(shard).catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(cause.code === "ENOENT" ? `"${shard}" does not exist` : `"${shard}" cannot be read: ${cause.message}`, { cause });
  });
  const content = async ({ offset, length }: TarMember) =>
    new TextDecoder("utf-8", { fatal: true }).decode(await read(handle, offset, length));
  const seen = new Set<string>();
  let [further, alone] = [0, 0];
  const finish = async ({ key, parts, repeated }: Sample) => {
    const images = imageEndings.flatMap((ending) => parts.get(ending) ?? []);
    const [image, caption] = [images[0], parts.get("txt")];
    const problem = seen.has(key)
      ? "duplicate key in the shard"
      : repeated.size > 0
        ? "duplicate part"
        : [...(image ? [] : ["no image"]), ...(caption ? [] : ["no caption"])].join(", ");
    seen.add(key);
    if (problem !== "" || !image || !caption) {
      const members = `members are ${[...parts.keys()].map((part) => `"${part}"`).join(", ")}`;
      const detail = repeated.size > 0 ? `${members}; more than once: ${[...repeated].map((part) => `"${part}"`).join(", ")}` : members;
      dropped.push({ key: `${shardName}/${key}`, kind: "input", reason: problem, detail });
      return;
    }
    const fields = parts.get("json");
    const text = await content(caption).catch(notText);
    if (text === undefined) {
      const detail = `"${caption.name}" is not UTF-8`;
      dropped.push({ key: `${shardName}/${key}`, kind: "input", reason: "caption that is not UTF-8", detail });
      return;
    }
    if (images.length > 1) further++;
    const group = groupField !== undefined && fields ? fieldOf((await content(fields).catch(notText)) ?? "", groupField) : undefined;
    if (groupField !== undefined && group === undefined) alone++;
    pairs.push({
      key: `${shardName}/${key}`,
      image: { archive: shard, member: image.name, offset: image.offset, length: image.length },
      caption: text,
      ...(group !== undefined && { group }),
    });
  };
  try {
    let sample: Sample | undefined;
    const members = tarMembers(shard);
    for (;;) {
      const { done, value } = await members.next();
      if (done) {
        const lost = value?.member === undefined ? undefined : splitName(value.member).key;
        if (sample && sample.key !== lost) await finish(sample);
        if (value) dropped.push({ key: `${shardName}/${lost ?? ""}`, kind: "input", reason: "damaged archive", detail: value.reason });
        break;
      }
      if (!value.isFile) continue;
      const { key, ending } = splitName(value.name);
      if (sample?.key !== key) {
        if (sample) await finish(sample);
        sample = { key, parts: new Map(), repeated: new Set() };
      }
      if (sample.parts.has(ending)) sample.repeated.add(ending);
      sample.parts.set(ending, value);
    }
  } finally {
    await handle.close();
  }
  const several = `"${shard}": ${further} samples have several images; the first of ${imageEndings.join(", ")} is taken`;
  return { pairs, dropped, warnings: [...(further > 0 ? [several] : []), ...withoutGroup(shard, alone, `field "${groupField}"`)] };
}

/** Of bytes that are not UTF-8 there is no text. @throws what is another fault than theirs */
function notText(error: unknown): undefined {
  if (!(error instanceof TypeError)) throw error;
}

/** A member's key is its path up to the first dot of its file name; what follows the dot, in lower case, is the ending. */
function splitName(path: string): { key: string; ending: string } {
  const [, key, ending] = /^((?:.*\/)?[^/.]*)(?:\.([^/]*))?$/s.exec(path)!;
  return { key: key!, ending: (ending ?? "").toLowerCase() };
}

/** A field of a sample's JSON as text; nothing where it is not there, empty, or the JSON cannot be read. */
function fieldOf(json: string, field: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json)?.[field];
    return value === undefined || value === null || isMissing(String(value)) ? undefined : String(value).trim();
  } catch {
    return undefined;
  }
}
