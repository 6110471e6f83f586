import { type CaptionRule, captionRules } from "./caption.ts";

/** Where a picture lies: a file, or a part of an archive that is not compressed. */
export type ImagePlace =
  | { readonly file: string }
  | { readonly archive: string; readonly member: string; readonly offset: number; readonly length: number };

/** An image with a sentence about it. The image is decoded when it is needed. */
export interface Pair {
  /** Names the pair within its data set; random numbers are drawn by it, so it must not depend on the order. */
  readonly key: string;
  readonly image: ImagePlace;
  readonly caption: string;
  /** What a split keeps together, for instance the patient. */
  readonly group?: string;
}

/** A pair that is not used. */
export interface DroppedPair {
  readonly key: string;
  /** Whether its files cannot be used, or its caption says too little or nothing new. */
  readonly kind: "input" | "caption";
  /** A few words, the same for all that are dropped for the same cause, so that they can be counted. */
  readonly reason: string;
  /** More about this one. */
  readonly detail?: string;
}

/** Pairs of one file, dropped pairs, and warnings. */
export interface FoundPairs {
  readonly pairs: readonly Pair[];
  readonly dropped: readonly DroppedPair[];
  /** Whole sentences. */
  readonly warnings: readonly string[];
}

/** One name an image, for messages and to tell images apart. */
export function imageName(image: ImagePlace): string {
  return "file" in image ? image.file : `${image.archive}/${image.member}`;
}

/**
 * Pairs with their captions cleaned. Captions that the rule rejects and repeated captions of one image are dropped.
 * One caption of several images is kept.
 */
export function screenPairs(pairs: readonly Pair[], rule: CaptionRule): { kept: Pair[]; dropped: DroppedPair[] } {
  const { clean, problem } = captionRules[rule];
  const kept: Pair[] = [];
  const dropped: DroppedPair[] = [];
  const seen = new Set<string>();
  for (const pair of pairs) {
    const caption = clean(pair.caption);
    const identity = JSON.stringify([imageName(pair.image), caption]);
    const reason = problem(caption) ?? (seen.has(identity) ? "duplicate" : undefined);
    if (reason !== undefined) dropped.push({ key: pair.key, kind: "caption", reason });
    else {
      seen.add(identity);
      kept.push({ ...pair, caption });
    }
  }
  return { kept, dropped };
}

/** Why a pair cannot be used, for messages. */
export function droppedMessage({ reason, detail }: Pick<DroppedPair, "reason" | "detail">): string {
  return detail === undefined ? reason : `${reason}: ${detail}`;
}

/** "2 empty, 1 label image"; "" if there are none. */
export function reasonWords(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(", ");
}

/** How many were dropped for each reason, the most frequent first. */
export function countReasons(dropped: readonly DroppedPair[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { reason } of dropped) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
