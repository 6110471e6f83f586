import { ConfigError } from "../errors.ts";
import { uniform } from "../tensor/random.ts";
import type { Pair } from "./pairs.ts";

/**
 * Pairs in two parts, at random; pairs of one group (a patient, a case) stay together. Who goes where depends on the seed and the names
 * alone, not on the order of the pairs, which both parts keep.
 *
 * @param options.fraction - share of the second part, in [0, 1); with groups as near as the drawn groups come to it, never above by more than one group
 * @throws ConfigError when the fraction is out of range, or would leave nothing to train on
 */
export function splitPairs<T extends Pick<Pair, "key" | "group">>(
  pairs: readonly T[],
  options: { readonly fraction: number; readonly seed: number },
): { train: T[]; validation: T[] } {
  const { fraction, seed } = options;
  if (!(fraction >= 0 && fraction < 1)) throw new ConfigError(`splitPairs: the share for validation must be in [0, 1), got ${fraction}`);
  const nameOf = ({ key, group }: T): string => (group === undefined ? `pair/${key}` : `group/${group}`);
  const sizes = new Map<string, number>();
  for (const pair of pairs) sizes.set(nameOf(pair), (sizes.get(nameOf(pair)) ?? 0) + 1);
  const wanted = Math.round(fraction * pairs.length);
  const chosen = new Set<string>();
  let count = 0;
  for (const name of shuffled([...sizes.keys()], "data/split", seed)) {
    if (count >= wanted) break;
    chosen.add(name);
    count += sizes.get(name)!;
  }
  if (count === pairs.length && count > 0) {
    throw new ConfigError(`splitPairs: with a share of ${fraction} and ${sizes.size} groups nothing is left to train on`);
  }
  return { train: pairs.filter((pair) => !chosen.has(nameOf(pair))), validation: pairs.filter((pair) => chosen.has(nameOf(pair))) };
}

/** Names in an order that depends on the seed, the stream and the names alone. Equal names keep their order. */
export function shuffled(names: readonly string[], stream: string, seed: number): string[] {
  return shuffledIndices(names, stream, seed).map((i) => names[i]!);
}

/** The indices of names in such an order. */
export function shuffledIndices(names: readonly string[], stream: string, seed: number): number[] {
  const draws = Float64Array.from(names, (name) => uniform(`${stream}/${name}`, seed).at(0));
  const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return names.map((_, i) => i).sort((a, b) => draws[a]! - draws[b]! || byName(names[a]!, names[b]!) || a - b);
}
