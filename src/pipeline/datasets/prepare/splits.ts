import { addTo } from "../../../add-to.ts";
import { shuffled } from "../../../data/split.ts";
import { ConfigError } from "../../../errors.ts";
import { type Item, type Split, type SplitCounts, splits } from "../data-set.ts";

export interface SplitOptions {
  readonly seed: number;
  /** Shares of the splits, which sum to 1; they replace the splits of the data set itself. */
  readonly shares?: SplitCounts | undefined;
  /** Images of each split in the paper, whose proportions are the shares where there are none, and no splits of the data set itself. */
  readonly paper: SplitCounts;
  /** Names of the test images. */
  readonly test?: ReadonlySet<string> | undefined;
  /** Whether other images of the groups of listed test images may be in the other splits, of which each group is in one; if not, they are in none. */
  readonly shareGroups?: boolean;
}

/** What stands for a split where an item is in none, since other images of its group are test images. */
export const withheld = "withheld";

/**
 * The split of each item: by the list of test images, else that of the data set itself, else at random by the seed. At random all images of a group are
 * in one split; where groups are not known each image counts as one. The splits depend on the seed and the names alone, not on the order of the items.
 */
export function splitOf(
  items: readonly Item[],
  { seed, shares, paper, test, shareGroups = false }: SplitOptions,
): Map<Item, Split | typeof withheld> {
  const chosen = new Map<Item, Split | typeof withheld>();
  if (test) {
    const groups = new Set(shareGroups ? [] : items.flatMap(({ name, group }) => (test.has(name) && group !== undefined ? [group] : [])));
    for (const item of items) {
      if (test.has(item.name)) chosen.set(item, "test");
      else if (item.group !== undefined && groups.has(item.group)) chosen.set(item, withheld);
    }
  }
  const isOwn = ({ split }: Item) => shares === undefined && split !== undefined && !(test && split === "test");
  for (const item of items) if (!chosen.has(item) && isOwn(item)) chosen.set(item, item.split!);
  const open = items.filter((item) => !chosen.has(item));
  const { test: ofTest = 0, ...others } = shares ?? paper;
  drawSplits(open, test ? others : { ...others, test: ofTest }, seed, chosen);
  return chosen;
}

/** Fills the splits one after another with whole groups, the smallest first; the largest takes what is left. */
function drawSplits(items: readonly Item[], weights: SplitCounts, seed: number, chosen: Map<Item, Split | typeof withheld>): void {
  const byWeight = splits.filter((split) => (weights[split] ?? 0) > 0).sort((a, b) => weights[a]! - weights[b]!);
  const last = byWeight.at(-1) ?? "train";
  const sum = byWeight.reduce((total, split) => total + weights[split]!, 0);
  const groups = new Map<string, Item[]>();
  for (const item of items) addTo(groups, item.group === undefined ? `image/${item.name}` : `group/${item.group}`, item);
  const order = shuffled([...groups.keys()], "datasets/split", seed);
  let next = 0;
  for (const split of byWeight.slice(0, -1)) {
    const wanted = Math.round((weights[split]! / sum) * items.length);
    for (let count = 0; count < wanted && next < order.length; next++) {
      const group = groups.get(order[next]!)!;
      for (const item of group) chosen.set(item, split);
      count += group.length;
    }
  }
  for (const name of order.slice(next)) for (const item of groups.get(name)!) chosen.set(item, last);
}

/** Shares from flags "NAME=SHARE". @throws ConfigError when they are no shares that sum to 1 */
export function sharesOf(flags: readonly string[]): SplitCounts {
  const shares: Partial<Record<Split, number>> = {};
  for (const flag of flags) {
    const [, name, text] = /^(\w+)=(.+)$/.exec(flag) ?? [];
    const split = splits.find((one) => one === name);
    const share = Number(text);
    if (split === undefined || !(share >= 0 && share <= 1))
      throw new ConfigError(
        `--split: expected train=SHARE, val=SHARE or test=SHARE with a share from 0 to 1, got ${JSON.stringify(flag)}.`,
      );
    if (shares[split] !== undefined) throw new ConfigError(`--split: ${split} has two shares.`);
    shares[split] = share;
  }
  const sum = Object.values(shares).reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 1) > 1e-6) throw new ConfigError(`--split: the shares sum to ${Number(sum.toFixed(6))}, expected 1.`);
  return shares;
}
