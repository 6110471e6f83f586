import { open } from "node:fs/promises";
import { basename } from "node:path";
import { InputError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { read, type TarMember, tarMembers } from "./_tar.ts";
import type { DroppedPair, Pair } from "./pairs.ts";

/** Endings that name the image of a sample; the first that is there is taken. */
const imageEndings = ["jpg", "png", "jpeg", "webp"];

/** Members with one key, by their ending. */
interface Sample {
  readonly key: string;
  readonly parts: Map<string, TarMember>;
}

/**
 * The pairs of a WebDataset shard: a tar archive in which consecutive members that are alike up to the first dot of their file name
 * are one sample. The image is its `jpg`, `png`, `jpeg` or `webp`, the caption its `txt` (UTF-8).
 *
 * Samples that lack a part are dropped, and so is the one in which a damaged archive ends; those before it are kept. Images stay in
 * the archive until they are needed.
 *
 * @param options.groupField - field of the sample's `json` member whose value must not be torn apart by a split
 * @returns pairs whose keys are `<shard>/<key>`
 * @throws InputError when the shard cannot be opened
 */
export async function readShard(
  shard: string,
  options: { readonly groupField?: string | undefined } = {},
): Promise<{ pairs: Pair[]; dropped: DroppedPair[] }> {
  const pairs: Pair[] = [];
  const dropped: DroppedPair[] = [];
  const handle = await open(shard).catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(cause.code === "ENOENT" ? `"${shard}" does not exist` : `"${shard}" cannot be read: ${cause.message}`, { cause });
  });
  const content = async ({ offset, length }: TarMember) => new TextDecoder().decode(await read(handle, offset, length));
  const finish = async ({ key, parts }: Sample) => {
    const image = imageEndings.map((ending) => parts.get(ending)).find((member) => member !== undefined);
    const caption = parts.get("txt");
    const name = `${basename(shard)}/${key}`;
    if (!image || !caption) {
      const lacks = [...(image ? [] : ["no image"]), ...(caption ? [] : ["no caption"])];
      dropped.push({
        key: name,
        kind: "input",
        reason: lacks.join(", "),
        detail: `members are ${[...parts.keys()].map((part) => `"${part}"`).join(", ")}`,
      });
      return;
    }
    const fields = parts.get("json");
    const group = options.groupField !== undefined && fields ? fieldOf(await content(fields), options.groupField) : undefined;
    pairs.push({
      key: name,
      image: { archive: shard, member: image.name, offset: image.offset, length: image.length },
      caption: await content(caption),
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
        if (value)
          dropped.push({ key: `${basename(shard)}/${lost ?? ""}`, kind: "input", reason: "damaged archive", detail: value.reason });
        return { pairs, dropped };
      }
      const { key, ending } = splitName(value.name);
      if (sample?.key !== key) {
        if (sample) await finish(sample);
        sample = { key, parts: new Map() };
      }
      sample.parts.set(ending, value);
    }
  } finally {
    await handle.close();
  }
}

/** A member's key is its path up to the first dot of its file name; what follows the dot, in lower case, is the ending. */
function splitName(path: string): { key: string; ending: string } {
  const [, key, ending] = /^((?:.*\/)?[^/.]*)(?:\.([^/]*))?$/s.exec(path)!;
  return { key: key!, ending: (ending ?? "").toLowerCase() };
}

/** A field of a sample's JSON as text; nothing where it is not there or the JSON cannot be read. */
function fieldOf(json: string, field: string): string | undefined {
  try {
    const value = (parseJson(json, "json", InputError) as Record<string, unknown> | null)?.[field];
    return value === undefined || value === null ? undefined : String(value);
  } catch {
    return undefined;
  }
}
