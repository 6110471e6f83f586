import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../errors.ts";
import { listed } from "../../listed.ts";

/** The image files of a case. */
export interface CaseFiles {
  readonly name: string;
  /** Paths in the order of the channels; a colour picture holds three of them. */
  readonly images: readonly string[];
}

/** A channel's file: NAME_0000.png. */
const numbered = /^(.+)_(\d{4})$/;

export interface ListCasesOptions {
  /** Endings with their dot; ".png" also fits ".PNG". */
  readonly endings: readonly string[];
  /** Whether a file NAME.png without a number is a case of one file. Else it is an error. */
  readonly allowsBare: boolean;
}

/**
 * The cases of a folder such as imagesTr, by name in code-unit order. Hidden files and those with other endings are passed over.
 *
 * @throws InputError when the folder cannot be read or has no images, a channel's file is missing, or two files are the same channel
 */
export async function listCases(folder: string, { endings, allowsBare }: ListCasesOptions): Promise<readonly CaseFiles[]> {
  const names = await namesIn(folder);
  const files = names.flatMap((file) => {
    const ending = endings.find((each) => file.toLowerCase().endsWith(each.toLowerCase()));
    return ending === undefined ? [] : [{ file, stem: file.slice(0, file.length - ending.length) }];
  });
  if (files.length === 0) {
    const others = [...new Set(names.map((name) => name.slice(Math.max(name.indexOf("."), 0))))];
    const found = others.length > 0 ? `It has ${listed(others, 4, (ending) => `"*${ending}"`)}` : "It is empty";
    const way = names.some((name) => /\.(dcm|nii|nii\.gz)$/i.test(name))
      ? ` \`medclip-sam inspect "${folder}" --png DIR\` writes slices as pictures, each scan into a folder of its own.`
      : "";
    throw new InputError(`"${folder}" has no images with the ending ${listed(endings, 8, (ending) => `"${ending}"`)}. ${found}.${way}`);
  }
  const cases = new Map<string, Map<number, string>>();
  const put = (name: string, channel: number, file: string) => {
    const channels = cases.get(name) ?? new Map<number, string>();
    const other = channels.get(channel);
    if (other !== undefined)
      throw new InputError(`"${join(folder, other)}" and "${file}" are both channel ${channel} of "${name}". Remove one.`);
    cases.set(name, channels.set(channel, file));
  };
  const bare: string[] = [];
  for (const { file, stem } of files) {
    const [, name, number] = numbered.exec(stem) ?? [];
    if (name !== undefined) put(name, Number(number), file);
    else if (allowsBare) bare.push(file);
    else throw new InputError(`"${join(folder, file)}" has no channel number; name it "${stem}_0000${file.slice(stem.length)}".`);
  }
  if (allowsBare) for (const file of [...bare, ...notChannels(cases)]) put(files.find((each) => each.file === file)!.stem, 0, file);
  return [...cases.keys()].sort().map((name) => ({ name, images: inOrder(folder, name, cases.get(name)!) }));
}

/** Takes out files such as IMG_2023.png, whose number is part of the name as their case has no channel 0. */
function notChannels(cases: Map<string, Map<number, string>>): string[] {
  return [...cases].flatMap(([name, channels]) => {
    if (channels.has(0)) return [];
    cases.delete(name);
    return [...channels.values()];
  });
}

function inOrder(folder: string, name: string, channels: ReadonlyMap<number, string>): readonly string[] {
  return Array.from({ length: channels.size }, (_, channel) => {
    const file = channels.get(channel);
    if (file !== undefined) return join(folder, file);
    const [some] = channels.values();
    const missing = some!.replace(/_\d{4}(?=\.)/, `_${String(channel).padStart(4, "0")}`);
    throw new InputError(
      `"${join(folder, missing)}" is missing: "${name}" has a file of a later channel. Add it, or number the channels from 0000.`,
    );
  });
}

/** Names of the files of a folder but for hidden ones. @throws InputError when it cannot be read */
export async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(cause.code === "ENOENT" ? `"${folder}" does not exist` : `"${folder}" cannot be read: ${cause.message}`, {
      cause,
    });
  });
  return entries.flatMap((entry) => (entry.isDirectory() || entry.name.startsWith(".") ? [] : [entry.name]));
}
