import { InputError } from "../errors.ts";

/** An image on the review list. */
export interface ReviewItem<T> {
  readonly item: T;
  /** Larger is worse; null where a measure is not defined for the image. */
  readonly uncertainty: number | null;
  /** From 1; images of one uncertainty have one rank. */
  readonly rank: number;
}

/**
 * Images in the order in which a person should look at them: those of unknown uncertainty first, then the most uncertain; ties stay in the order given.
 *
 * @param uncertaintyOf - for instance one of `uncertaintyMeasures`
 * @throws InputError for NaN, which has no place in an order
 */
export function reviewList<T>(items: readonly T[], uncertaintyOf: (item: T) => number | null): ReviewItem<T>[] {
  const scored = items.map((item, i) => {
    const uncertainty = uncertaintyOf(item);
    if (Number.isNaN(uncertainty)) throw new InputError(`reviewList: the uncertainty of item ${i} is NaN; pass null where it is unknown.`);
    return { item, uncertainty };
  });
  const first = (one: number | null): number => one ?? Number.POSITIVE_INFINITY;
  const isUnknown = (one: number | null): number => (one === null ? 1 : 0);
  const sorted = scored.sort((a, b) => {
    const byKnown = isUnknown(b.uncertainty) - isUnknown(a.uncertainty);
    if (byKnown !== 0) return byKnown;
    // Compared, not subtracted: the difference of two infinities is NaN.
    return first(a.uncertainty) === first(b.uncertainty) ? 0 : first(b.uncertainty) > first(a.uncertainty) ? 1 : -1;
  });
  let rank = 0;
  return sorted.map((one, i) => {
    if (i === 0 || sorted[i - 1]!.uncertainty !== one.uncertainty) rank = i + 1;
    return { ...one, rank };
  });
}
