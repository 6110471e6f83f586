import { basename } from "node:path";
import { addTo } from "../add-to.ts";
import { otherKinds } from "./file-kind.ts";
import { imageEndings } from "./sources/signatures.ts";

/** Reasons for skipping an entry of an input folder, in singular and plural. */
const reasons = {
  ...otherKinds,
  hidden: ["hidden file or folder", "hidden files and folders"],
  link: ["broken link", "broken links"],
  loop: ["link to a folder that was read already", "links to folders that were read already"],
  special: ["entry that is not a regular file", "entries that are not regular files"],
  unreadable: ["file or folder that cannot be read", "files and folders that cannot be read"],
  mask: ["mask of an image beside it", "masks of images beside them"],
  masks: ["folder with masks of the images beside it", "folders with masks of the images beside them"],
  results: ["folder with results of an earlier run", "folders with results of an earlier run"],
} as const;
export type LeftOutReason = keyof typeof reasons;

/** A file or folder that was found and skipped. */
export interface LeftOut {
  readonly file: string;
  readonly reason: LeftOutReason;
}

/** Skipped entries as stored in records: all are counted, the first hundred are listed. */
export interface LeftOutRecord {
  readonly counts: Readonly<Partial<Record<LeftOutReason, number>>>;
  readonly files: readonly LeftOut[];
}

/** Number of files listed in a record, and of examples per reason in a message. */
const limits = { record: 100, message: 3 };

/** For a record; undefined if nothing was skipped. */
export function leftOutRecord(leftOut: readonly LeftOut[]): LeftOutRecord | undefined {
  if (leftOut.length === 0) return undefined;
  const counts = Object.fromEntries([...byReason(leftOut)].map(([reason, files]) => [reason, files.length]));
  return { counts, files: leftOut.slice(0, limits.record) };
}

/** One sentence with the number of skipped entries and examples; undefined if there are none. */
export function leftOutMessage(leftOut: readonly LeftOut[]): string | undefined {
  if (leftOut.length === 0) return undefined;
  const parts = [...byReason(leftOut)].map(([reason, files]) => {
    const names = files.slice(0, limits.message).map((file) => `"${basename(file)}"`);
    const more = files.length > names.length ? ", ..." : "";
    return `${leftOutWords(reason, files.length)} (${names.join(", ")}${more})`;
  });
  return `skipped in the input folders: ${parts.join("; ")}. Files are read if they end in ${imageEndings.slice(0, -1).join(", ")} or ${imageEndings.at(-1)}.`;
}

/** "1 empty file", "2 empty files" */
export function leftOutWords(reason: LeftOutReason, count: number): string {
  return `${count} ${reasons[reason][count === 1 ? 0 : 1]}`;
}

function byReason(leftOut: readonly LeftOut[]): Map<LeftOutReason, string[]> {
  const groups = new Map<LeftOutReason, string[]>();
  for (const { file, reason } of leftOut) addTo(groups, reason, file);
  return groups;
}
