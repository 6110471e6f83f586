import { ConfigError } from "../errors.ts";
import { uniform } from "../tensor/random.ts";
import { imageName, type Pair } from "./pairs.ts";

/**
 * Pairs in two parts, at random; pairs of one group (a patient, a case) stay together, and so do those of one image. The assignment depends only on the seed and the names,
 * not on the order of the pairs, which both parts keep.
 *
 * @param options.fraction - share of the second part, in [0, 1); with groups as near as the drawn groups come to it, never above by more than one group
 * @throws ConfigError when the fraction is out of range, or would leave no training pairs
 */
export function splitPairs<T extends Pick<Pair, "key" | "group"> & Partial<Pick<Pair, "image">>>(
  pairs: readonly T[],
  options: { readonly fraction: number; readonly seed: number },
): { train: T[]; validation: T[] } {
  const { fraction, seed } = options;
  if (!(fraction >= 0 && fraction < 1)) throw new ConfigError(`splitPairs: the share for validation must be in [0, 1), got ${fraction}`);
  const keyOf = new Map<string, string>(); // an image of several pairs goes by the key that comes first in the alphabet
  for (const { key, image } of pairs) {
    const before = image && keyOf.get(imageName(image));
    if (image && (before === undefined || key < before)) keyOf.set(imageName(image), key);
  }
  const nameOf = ({ key, group, image }: T): string => {
    return group === undefined ? `pair/${image ? keyOf.get(imageName(image)) : key}` : `group/${group}`;
  };
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
    throw new ConfigError(`splitPairs: with a share of ${fraction} and ${sizes.size} groups nothing is left for training`);
  }
  return { train: pairs.filter((pair) => !chosen.has(nameOf(pair))), validation: pairs.filter((pair) => chosen.has(nameOf(pair))) };
}

/** Warnings about a split. @param fraction - the requested fraction */
export function splitWarnings(
  { train, validation }: Readonly<Record<"train" | "validation", readonly Pick<Pair, "group">[]>>,
  fraction: number,
): string[] {
  const warnings: string[] = [];
  const count = validation.length;
  const groups = new Set(validation.map(({ group }) => group));
  const [only] = groups;
  if (count > 1 && groups.size === 1 && only !== undefined)
    warnings.push(`the validation set (${count}) is a single group, "${only}": its scores may not generalise`);
  const share = count / (train.length + count);
  if (fraction > 0 && Math.abs(share - fraction) > fraction / 2 && Math.abs(share - fraction) > 0.05)
    warnings.push(
      `${Math.round(100 * share)} % are in the validation set instead of ${Math.round(100 * fraction)} %, since groups are not split`,
    );
  return warnings;
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
