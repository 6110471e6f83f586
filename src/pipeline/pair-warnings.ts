import { countReasons, type PairSet, type SharedImage } from "../data/index.ts";

/** What the user should know of pairs before anything is computed from them. @param truncated - captions that were cut */
export function pairWarnings({ dropped, warnings }: PairSet, truncated: number, contextLength: number): string[] {
  const unused = Object.entries(countReasons(dropped.filter(({ kind }) => kind === "caption")));
  return [
    ...warnings,
    ...(unused.length > 0 ? [`captions not used: ${unused.map(([reason, count]) => `${count} ${reason}`).join(", ")}`] : []),
    ...(truncated > 0 ? [`${truncated} captions are longer than ${contextLength} tokens and were cut`] : []),
  ];
}

/** Says that held-out images are trained on, too. */
export function sharedWarnings(shared: readonly SharedImage[]): string[] {
  const [first] = shared;
  if (!first) return [];
  const example = first.trained === first.heldOut ? `"${first.trained}"` : `"${first.heldOut}" and "${first.trained}"`;
  return [
    `held-out images that are also trained on: ${shared.length}, such as ${example}. Their scores are too good; keep one of them, or name their group with --group-column.`,
  ];
}
