import { addTo } from "../../../add-to.ts";
import { listed } from "../../../listed.ts";
import type { FolderFiles, LeftOutFile } from "../data-set.ts";
import type { Counts, Failed, LaidOut, LeftOut } from "./record.ts";

/** Number of files listed in a record, and of examples per reason in a message. */
const limits = { record: 100, message: 3 };

/** For a record. */
export function leftOutRecord(leftOut: readonly LeftOutFile[]): LeftOut {
  return {
    counts: Object.fromEntries([...byReason(leftOut)].map(([reason, files]) => [reason, files.length])),
    files: leftOut.slice(0, limits.record).map(({ file, reason }) => ({ file, reason })),
  };
}

/** One sentence for each reason. */
export function leftOutWarnings(leftOut: readonly LeftOutFile[]): string[] {
  return [...byReason(leftOut)].map(([reason, files]) => `${files.length} left out: ${reason} (${listed(files, limits.message)})`);
}

function byReason(leftOut: readonly LeftOutFile[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { file, reason } of leftOut) addTo(groups, reason, file);
  return groups;
}

/** What became of the files of a folder; each is counted once. */
export function countFiles(
  { paths }: FolderFiles,
  { items, tables, failed }: { readonly items: readonly LaidOut[]; readonly tables: readonly string[]; readonly failed: readonly Failed[] },
): Counts {
  const used = new Set([...items.flatMap(({ sources }) => sources.map(({ file }) => file)), ...tables]);
  const bad = new Set(failed.flatMap(({ files }) => files));
  const count = (isOne: (path: string) => boolean) => paths.filter(isOne).length;
  const [usedCount, failedCount] = [count((path) => used.has(path)), count((path) => bad.has(path) && !used.has(path))];
  return { found: paths.length, used: usedCount, leftOut: paths.length - usedCount - failedCount, failed: failedCount };
}
