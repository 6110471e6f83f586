import { countReasons, type PairSet, reasonWords, type SharedImage } from "../data/index.ts";
import { captionWarnings, countWords } from "../text/reading.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** Warnings about image-caption pairs, before anything is computed from them. @param model.truncated - number of captions that were truncated */
export function pairWarnings(
  { pairs, dropped, warnings }: PairSet,
  { truncated, contextLength, tokenizer }: { readonly truncated: number; readonly contextLength: number; readonly tokenizer: Tokenizer },
): string[] {
  const unused = reasonWords(countReasons(dropped.filter(({ kind }) => kind === "caption")));
  return [
    ...warnings,
    ...(unused !== "" ? [`captions not used: ${unused}`] : []),
    ...(truncated > 0 ? [`${truncated} captions are longer than ${contextLength} tokens and were truncated`] : []),
    ...captionWarnings(countWords(captionsOf(pairs), tokenizer)),
  ];
}

function* captionsOf(pairs: PairSet["pairs"]): Generator<string> {
  for (const { caption } of pairs) yield caption;
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
