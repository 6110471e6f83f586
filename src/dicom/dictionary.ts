import { dictionary } from "dcmjs/dictionary";
import { ConfigError } from "../errors.ts";

/** A tag as one number: group * 65536 + element. */
export type Tag = number;

/** An attribute of the standard. */
interface Known {
  readonly tag: Tag;
  /** Value representation; lower case where it depends on other attributes ("xs": US or SS). */
  readonly vr: string;
}

const [byKeyword, byTag] = read();

function read(): [Map<string, Known>, Map<Tag, string>] {
  const keywords = new Map<string, Known>();
  const tags = new Map<Tag, string>();
  for (const { tag: text, vr = "UN", name } of Object.values(dictionary)) {
    const [, group, element] = /^\(([\da-f]{4}),([\da-f]{4})\)$/i.exec(text) ?? [];
    if (group === undefined || element === undefined) continue; // private, or a group of many numbers
    const tag = Number.parseInt(group + element, 16);
    keywords.set(name.replace(/^RETIRED_/, ""), { tag, vr });
    tags.set(tag, vr);
  }
  return [keywords, tags];
}

/** The tag of a keyword such as "PixelSpacing". @throws ConfigError for none of the standard, which is a mistake in the program */
export function tagOf(keyword: string): Tag {
  const known = byKeyword.get(keyword);
  if (!known) throw new ConfigError(`"${keyword}" is no keyword of DICOM's data dictionary. Is it spelled as in PS3.6?`);
  return known.tag;
}

/** The value representation of a tag by the standard; undefined for private tags. */
export function vrOf(tag: Tag): string | undefined {
  return byTag.get(tag);
}

/** For messages: "(0028,0010)". */
export function tagText(tag: Tag): string {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(4, "0");
  return `(${hex(tag >>> 16)},${hex(tag & 0xffff)})`;
}
