import { basename } from "node:path";
import { otherKinds } from "./file-kind.ts";
import { imageEndings } from "./sources/table.ts";

/** Why something below an input folder is not taken: one of them, and many. */
const reasons = {
  ...otherKinds,
  hidden: ["hidden file or folder", "hidden files and folders"],
  link: ["broken link", "broken links"],
  loop: ["link to a folder that was read already", "links to folders that were read already"],
  special: ["entry that is not a regular file", "entries that are not regular files"],
  unreadable: ["file or folder that cannot be read", "files and folders that cannot be read"],
  results: ["folder with results of an earlier run", "folders with results of an earlier run"],
} as const;
export type LeftOutReason = keyof typeof reasons;

/** A file or folder that was met on the way and not taken. */
export interface LeftOut {
  readonly file: string;
  readonly reason: LeftOutReason;
}

/** What was left out, as it stands in records: all are counted, the first hundred are named. */
export interface LeftOutRecord {
  readonly counts: Readonly<Partial<Record<LeftOutReason, number>>>;
  readonly files: readonly LeftOut[];
}

/** How many files a record names, and how many of each reason a message does. */
const limits = { record: 100, message: 3 };

/** For a record; undefined where nothing was left out. */
export function leftOutRecord(leftOut: readonly LeftOut[]): LeftOutRecord | undefined {
  if (leftOut.length === 0) return undefined;
  const counts = Object.fromEntries([...byReason(leftOut)].map(([reason, files]) => [reason, files.length]));
  return { counts, files: leftOut.slice(0, limits.record) };
}

/** One sentence that counts what was left out, with examples; undefined where nothing was. */
export function leftOutMessage(leftOut: readonly LeftOut[]): string | undefined {
  if (leftOut.length === 0) return undefined;
  const parts = [...byReason(leftOut)].map(([reason, files]) => {
    const names = files.slice(0, limits.message).map((file) => `"${basename(file)}"`);
    const more = files.length > names.length ? ", ..." : "";
    return `${files.length} ${reasons[reason][files.length === 1 ? 0 : 1]} (${names.join(", ")}${more})`;
  });
  return `left out of the input folders: ${parts.join("; ")}. Taken are files that end in ${imageEndings.slice(0, -1).join(", ")} or ${imageEndings.at(-1)}.`;
}

function byReason(leftOut: readonly LeftOut[]): Map<LeftOutReason, string[]> {
  const groups = new Map<LeftOutReason, string[]>();
  for (const { file, reason } of leftOut) {
    const files = groups.get(reason);
    if (files) files.push(file);
    else groups.set(reason, [file]);
  }
  return groups;
}
