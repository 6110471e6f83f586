import { detailCorrelation } from "./_frequencies.ts";
import { HashIndex } from "./_hash-index.ts";
import type { Fingerprint, View, ViewName } from "./fingerprint.ts";
import { turnedThumbnail, turns } from "./perceptual-hash.ts";
import type { DuplicateSettings } from "./settings.ts";

/** An image by which near-duplicates are found. */
export interface FingerprintedImage {
  readonly name: string;
  readonly fingerprint: Fingerprint;
}

/** Two near-duplicates. */
export interface DuplicatePair<T extends FingerprintedImage = FingerprintedImage> {
  readonly a: T;
  readonly b: T;
  /** Bits in which their hashes differ. */
  readonly distance: number;
  /** Correlation of what the hashes do not compare, in [-1, 1]. */
  readonly correlation: number;
  /** The parts that are alike: of a, and of b. */
  readonly views: readonly [ViewName, ViewName];
  /** How b must be turned or mirrored to look like a; "as it is" for plain copies. */
  readonly turn: (typeof turns)[number]["name"];
}

/**
 * All pairs of near-duplicates in a set, each once with the earlier image first.
 *
 * A pair is one whose hashes differ in at most `hashDistance` bits in some of their views, and whose finer detail correlates there. Hashes are looked
 * up in buckets, so the time grows with the numbers of images and of pairs, not with that of all pairs of images.
 *
 * @remarks Different pictures that are all alike at 32 x 32 pixels, such as fundus photographs in their round frame, are taken for near-duplicates.
 */
export function duplicatePairs<T extends FingerprintedImage>(images: readonly T[], settings: DuplicateSettings): DuplicatePair<T>[] {
  const search = duplicateSearch(images, settings);
  return images.flatMap((image, i) => search(image, (j) => j < i));
}

/**
 * Clusters of near-duplicates: images that a chain of pairs joins. Each has at least two; clusters and their images stay in the order given.
 */
export function duplicateClusters<T extends FingerprintedImage>(images: readonly T[], settings: DuplicateSettings): T[][] {
  const search = duplicateSearch(images, settings);
  const sets = new DisjointSets(images.length);
  const indexOf = new Map(images.map((image, i) => [image, i]));
  images.forEach((image, i) => {
    // Images that are joined already need no comparison: a set of copies of one image would take one for each pair.
    for (const { a } of search(image, (j) => j < i && sets.root(j) !== sets.root(i))) sets.join(indexOf.get(a)!, i);
  });
  const clusters = new Map<number, T[]>();
  images.forEach((image, i) => {
    const members = clusters.get(sets.root(i));
    if (members) members.push(image);
    else clusters.set(sets.root(i), [image]);
  });
  return [...clusters.values()].filter(({ length }) => length > 1);
}

/**
 * Near-duplicates across two sets: `a` is of the training set, `b` of the test set. What a model learned from a would be tested on b.
 *
 * @example for (const { a, b } of leaks(train, test, DuplicateSettings.parse({}))) console.log(`${b.name} is in the training set as ${a.name}`);
 */
export function leaks<T extends FingerprintedImage>(
  train: readonly T[],
  test: readonly T[],
  settings: DuplicateSettings,
): DuplicatePair<T>[] {
  const search = duplicateSearch(train, settings);
  return test.flatMap((image) => search(image, () => true));
}

/** The near-duplicates of an image among those of an index that `isWanted` lets through, in their order. */
type Search<T extends FingerprintedImage> = (image: T, isWanted: (index: number) => boolean) => DuplicatePair<T>[];

function duplicateSearch<T extends FingerprintedImage>(images: readonly T[], settings: DuplicateSettings): Search<T> {
  const { hashDistance, detailCorrelation: leastCorrelation, turnedCopies } = settings;
  const entries = images.flatMap(({ fingerprint }, image) => fingerprint.map((view) => ({ view, image })));
  const index = new HashIndex(entries.map(({ view }) => view.hashes[0]!));
  const turnCount = turnedCopies ? turns.length : 1;
  return (b, isWanted) => {
    const best = new Map<number, DuplicatePair<T>>();
    const compare = (view: View, turn: number): void => {
      const thumbnail = turn === 0 ? view.thumbnail : turnedThumbnail(view.thumbnail, turn);
      index.within(view.hashes[turn]!, hashDistance, (position, distance) => {
        const { view: other, image } = entries[position]!;
        if (!isWanted(image)) return;
        const correlation = detailCorrelation(other.thumbnail, thumbnail);
        const before = best.get(image);
        if (correlation < leastCorrelation || (before && before.distance <= distance)) return;
        best.set(image, { a: images[image]!, b, distance, correlation, views: [other.name, view.name], turn: turns[turn]!.name });
      });
    };
    for (const view of b.fingerprint) for (let turn = 0; turn < turnCount; turn++) compare(view, turn);
    return [...best].sort(([a], [c]) => a - c).map(([, pair]) => pair);
  };
}

/** Sets that can be joined (union-find with path halving); the root of a set is its first member. */
export class DisjointSets {
  readonly #parent: Int32Array;

  constructor(count: number) {
    this.#parent = Int32Array.from({ length: count }, (_, i) => i);
  }

  root(member: number): number {
    let at = member;
    while (this.#parent[at] !== at) {
      this.#parent[at] = this.#parent[this.#parent[at]!]!;
      at = this.#parent[at]!;
    }
    return at;
  }

  join(a: number, b: number): void {
    const [first, second] = [this.root(a), this.root(b)];
    this.#parent[Math.max(first, second)] = Math.min(first, second);
  }
}
