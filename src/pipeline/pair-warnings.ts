import { countReasons, type PairSet, reasonWords, type SharedImage } from "../data/index.ts";

/** Warnings about image-caption pairs, before anything is computed from them. @param truncated - number of captions that were truncated */
export function pairWarnings({ dropped, warnings }: PairSet, truncated: number, contextLength: number): string[] {
  const unused = reasonWords(countReasons(dropped.filter(({ kind }) => kind === "caption")));
  return [
    ...warnings,
    ...(unused !== "" ? [`captions not used: ${unused}`] : []),
    ...(truncated > 0 ? [`${truncated} captions are longer than ${contextLength} tokens and were truncated`] : []),
  ];
}

/** Warns that validation images are also in the training set. */
export function sharedWarnings(shared: readonly SharedImage[]): string[] {
  const [first] = shared;
  if (!first) return [];
  const example = first.trained === first.heldOut ? `"${first.trained}"` : `"${first.heldOut}" and "${first.trained}"`;
  return [
    `images in both training and validation set: ${shared.length}, such as ${example}. Validation scores are too high; remove the duplicates, or name their group with --group-column.`,
  ];
}
