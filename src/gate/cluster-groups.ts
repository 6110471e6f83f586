import { DisjointSets } from "./near-duplicates.ts";

/** What a split divides: an image or a pair by its key, and what it must not be parted from, such as a patient. */
interface Grouped {
  readonly key: string;
  readonly group?: string | undefined;
}

/**
 * Items with groups that a split by group must not part: near-duplicates, and all that shares a group with one. A group of patients stays whole,
 * and two patients become one group where an image of one is a near-duplicate of an image of the other.
 *
 * @param items - with different keys
 * @param clusters - keys of near-duplicates; keys of no item are skipped
 * @returns the items in their order; those of a joined group carry the group of the first of them, or a name made from its key. Items without group and cluster stay as they are
 *
 * @example splitPairs(clusterGroups(pairs, duplicateClusters(images, settings).map((cluster) => cluster.map(({ name }) => name))), { fraction: 0.2, seed: 1 });
 */
export function clusterGroups<T extends Grouped>(items: readonly T[], clusters: readonly (readonly string[])[]): T[] {
  const sets = new DisjointSets(items.length);
  const indexOf = new Map<string, number>();
  const firstOf = new Map<string, number>();
  const isGrouped = items.map(({ group }) => group !== undefined);
  items.forEach(({ key, group }, i) => {
    indexOf.set(key, i);
    if (group === undefined) return;
    const first = firstOf.get(group);
    if (first === undefined) firstOf.set(group, i);
    else sets.join(first, i);
  });
  for (const cluster of clusters) {
    const [first, ...others] = cluster.flatMap((key) => indexOf.get(key) ?? []);
    for (const other of others) {
      sets.join(first!, other);
      isGrouped[first!] = true;
      isGrouped[other] = true;
    }
  }
  return items.map((item, i) => {
    if (!isGrouped[i]) return item;
    const { key, group = `near-duplicates of ${key}` } = items[sets.root(i)]!;
    return { ...item, group };
  });
}
