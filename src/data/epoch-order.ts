import { ConfigError } from "../errors.ts";
import { shuffledIndices } from "./split.ts";

/** The order of pairs within an epoch. */
export interface OrderOptions {
  readonly batch: number;
  readonly seed: number;
  readonly epoch: number;
  /**
   * Texts of similar length come into one batch, so that little is padded: so many batches are drawn at a time, sorted by length and dealt
   * out again. 0 or 1: lengths do not matter. Default 0.
   */
  readonly bucketBatches?: number | undefined;
}

/**
 * The order of pairs in an epoch, as indices; consecutive runs of `batch` are the batches.
 *
 * It depends on the seed, the epoch and the pairs' keys alone. With buckets, the order of the batches is drawn as well, and the pairs that
 * fill no batch stay the last.
 *
 * @param pairs - their keys and the lengths of their texts in tokens
 */
export function epochOrder(
  { keys, lengths }: { readonly keys: readonly string[]; readonly lengths: ArrayLike<number> },
  { batch, seed, epoch, bucketBatches = 0 }: OrderOptions,
): number[] {
  if (!(Number.isInteger(batch) && batch >= 1)) throw new ConfigError(`epochOrder: a batch must have at least one pair, got ${batch}`);
  const order = shuffledIndices(keys, `data/order/${epoch}`, seed);
  if (bucketBatches <= 1) return order;
  const full = order.length - (order.length % batch);
  const batches: number[][] = [];
  for (let from = 0; from < full; from += batch * bucketBatches) {
    const window = order.slice(from, Math.min(full, from + batch * bucketBatches));
    window.sort((a, b) => lengths[a]! - lengths[b]!); // stable: equal lengths keep the drawn order
    for (let i = 0; i < window.length; i += batch) batches.push(window.slice(i, i + batch));
  }
  const dealt = shuffledIndices(
    batches.map((_, i) => String(i)),
    `data/batches/${epoch}`,
    seed,
  );
  return [...dealt.flatMap((i) => batches[i]!), ...order.slice(full)];
}
