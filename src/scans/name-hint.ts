import { addTo } from "../add-to.ts";
import { canonicalName } from "./names.ts";

/** Names without a match. */
export interface LonelyNames {
  /** Without extensions. */
  readonly names: readonly string[];
  /** Plural noun for the named items. */
  readonly noun: string;
}

/**
 * What probably has to be done so that two lists of names agree: one side adds something at the end or in front ("_mask"), after or before
 * one of _ - . and space, or writes letters in another case.
 *
 * @returns half a sentence; undefined where less than half of the shorter list would agree
 */
export function nameHint(one: LonelyNames, other: LonelyNames): string | undefined {
  const least = Math.min(one.names.length, other.names.length) / 2;
  const lower = new Set(one.names.map((name) => canonicalName(name).toLowerCase()));
  const equal = other.names.filter((name) => lower.has(canonicalName(name).toLowerCase())).length;
  if (equal > 0 && equal >= least) return "the names differ in upper and lower case";
  const [behind, before] = [commonest(one.names, other.names, endsOf, least), commonest(one.names, other.names, startsOf, least)];
  const best = behind.count >= before.count ? behind : before;
  if (best.count === 0 || best.count < least) return undefined;
  const place = best === behind ? "end with" : "begin with";
  const says = [one, other].flatMap(({ noun }, i) =>
    best.affixes[i] === "" ? [] : [`the names of ${noun} ${place} "${best.affixes[i]}"`],
  );
  return says.join(" and ");
}

/** What two lists of names add to the same stem, and how many names agree without it. */
interface Addition {
  readonly affixes: readonly [string, string];
  readonly count: number;
}

type Cut = readonly [stem: string, affix: string];

type CutsOf = (name: string) => readonly Cut[];

/** The addition that makes most names agree. @param least - rarer ones do not count */
function commonest(one: readonly string[], other: readonly string[], cutsOf: CutsOf, least: number): Addition {
  const stems = new Map<string, string[]>();
  for (const [stem, affix] of frequentCuts(one, cutsOf, least)) addTo(stems, stem, affix);
  const counts = new Map<string, Addition>();
  for (const [stem, theirs] of frequentCuts(other, cutsOf, least)) {
    for (const ours of stems.get(stem) ?? []) {
      const key = JSON.stringify([ours, theirs]);
      counts.set(key, { affixes: [ours, theirs], count: (counts.get(key)?.count ?? 0) + 1 });
    }
  }
  const length = ({ affixes }: Addition) => affixes[0].length + affixes[1].length;
  const found = [...counts.values()].filter((addition) => length(addition) > 0);
  return found.sort((a, b) => b.count - a.count || length(a) - length(b))[0] ?? { affixes: ["", ""], count: 0 };
}

/**
 * The cuts whose affix occurs at least `least` times, so that few affixes are left to pair: of names such as "case_1" to "case_9999", which
 * share their stem, all pairs of numbers would be counted otherwise.
 */
function frequentCuts(names: readonly string[], cutsOf: CutsOf, least: number): Cut[] {
  const cuts = names.flatMap((name) => cutsOf(canonicalName(name)));
  const times = new Map<string, number>();
  for (const [, affix] of cuts) times.set(affix, (times.get(affix) ?? 0) + 1);
  return cuts.filter(([, affix]) => times.get(affix)! >= least);
}

const separator = /[_\-. ]/g;

/** A name, and the name without its last parts. */
function endsOf(name: string): Cut[] {
  const at = [...name.matchAll(separator)].map(({ index }) => index).filter((index) => index > 0);
  return [[name, ""], ...at.map((index): Cut => [name.slice(0, index), name.slice(index)])];
}

/** A name, and the name without its first parts; the folder is kept. */
function startsOf(name: string): Cut[] {
  const folder = name.lastIndexOf("/") + 1;
  const base = name.slice(folder);
  const at = [...base.matchAll(separator)].map(({ index }) => index + 1).filter((index) => index < base.length);
  return [[name, ""], ...at.map((index): Cut => [name.slice(0, folder) + base.slice(index), base.slice(0, index)])];
}
