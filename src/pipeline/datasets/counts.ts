import { alignedLines } from "../text-table.ts";
import { type Split, type SplitCounts, splits } from "./data-set.ts";

/** What is counted of an item. */
interface Counted {
  readonly split: Split;
  readonly group?: string | undefined;
  readonly class?: string | undefined;
}

/** A table of the images, groups and classes of each split beside the numbers of the paper. @param noun - for a group */
export function countTable(items: readonly Counted[], paper: SplitCounts, noun: string | undefined): string[] {
  const classes = [...new Set(items.flatMap((item) => item.class ?? []))].sort();
  const shown = splits.filter((split) => paper[split] !== undefined || items.some((item) => item.split === split));
  const rows = shown.map((split) => {
    const own = items.filter((item) => item.split === split);
    const groups = new Set(own.flatMap(({ group }) => group ?? []));
    const ofClasses = classes.map((name) => String(own.filter((item) => item.class === name).length));
    return [split, String(own.length), String(paper[split] ?? "-"), ...(noun === undefined ? [] : [String(groups.size)]), ...ofClasses];
  });
  return alignedLines([["split", "images", "paper", ...(noun === undefined ? [] : [`${noun}s`]), ...classes], ...rows]);
}
