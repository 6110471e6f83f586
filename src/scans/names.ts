import { closest } from "fastest-levenshtein";
import { addTo } from "../add-to.ts";
import { ConfigError } from "../errors.ts";
import { listed } from "../listed.ts";
import { imageEndings } from "./sources/signatures.ts";

/** Extensions of the image files that are read from a folder. */
export const imageEnding = new RegExp(`\\.(${imageEndings.join("|").replaceAll(".", "\\.")})$`, "i");

/** One of two lists that are matched by name. */
export interface Side<T> {
  readonly items: readonly T[];
  /** The names that match an item, with "/" between folders: for example a path relative to a folder, with and without extension. */
  readonly namesOf: (item: T) => readonly string[];
  /** The noun for an item in messages: "image", "prediction". */
  readonly noun: string;
}

export interface JoinOptions {
  /**
   * Which side may leave out folders. `left`, the default, for names that somebody wrote down: the key "a.png" fits the image
   * "sub/a.png", but the key "sub/a.png" is not about an image "a.png". `either` for two folders that hold the same things.
   */
  readonly bare?: "left" | "either";
}

/** Result of matching two lists. */
export interface NameJoin<L, R> {
  readonly leftOf: ReadonlyMap<R, L>;
  readonly rightOf: ReadonlyMap<L, R>;
  /** Items without a match, in order. */
  readonly lonelyLeft: readonly L[];
  readonly lonelyRight: readonly R[];
}

/**
 * A name in the form in which names are compared: Unicode NFC (macOS stores é in two characters), "/" between folders whatever the
 * system, no "./" in front, the ending of an image in lower case.
 */
export function canonicalName(name: string): string {
  return name
    .normalize("NFC")
    .replace(/[\\/]+/g, "/")
    .replace(/^(\.\/)+/, "")
    .replace(imageEnding, (ending) => ending.toLowerCase());
}

/**
 * Joins two lists by name. This is the one rule of the product: the whole path first; then, for what has no partner by it, the path
 * with folders left out in front ("a.png" for "sub/a.png"). Names are compared as `canonicalName` gives them; upper and lower case differ.
 *
 * @returns pairs, and what has no partner, which the caller has to say (`lonelyMessage`)
 * @throws ConfigError when a name fits two items of the other side, as any choice could be the wrong one
 * @example
 * const { leftOf } = joinByName({ items: keys, namesOf: (key) => [key], noun: "prompt" }, { items: images, namesOf: ({ path }) => [path], noun: "image" });
 */
export function joinByName<L, R>(left: Side<L>, right: Side<R>, { bare = "left" }: JoinOptions = {}): NameJoin<L, R> {
  const rightOf = new Map<L, R>();
  const leftOf = new Map<R, L>();
  const pair = (l: L, r: R) => {
    if (leftOf.has(r)) throw twice(left, [leftOf.get(r)!, l], right, r);
    if (rightOf.has(l)) throw twice(right, [rightOf.get(l)!, r], left, l);
    rightOf.set(l, r);
    leftOf.set(r, l);
  };
  const rights = indexOf(right);
  for (const l of left.items) for (const r of fitting(left, l, right, rights.whole)) pair(l, r);

  const [pairedLeft, pairedRight] = [new Set(rightOf.keys()), new Set(leftOf.keys())];
  for (const l of left.items) {
    if (pairedLeft.has(l)) continue;
    for (const r of fitting(left, l, right, rights.ends)) if (!pairedRight.has(r)) pair(l, r);
  }
  if (bare === "either") {
    const lefts = indexOf(left);
    for (const r of right.items) {
      if (pairedRight.has(r)) continue;
      for (const l of fitting(right, r, left, lefts.ends)) if (!pairedLeft.has(l)) pair(l, r);
    }
  }
  return {
    leftOf,
    rightOf,
    lonelyLeft: left.items.filter((l) => !rightOf.has(l)),
    lonelyRight: right.items.filter((r) => !leftOf.has(r)),
  };
}

/**
 * A message about items without a match, each with the closest name of the other side.
 *
 * @param lonely - items of `side` that match none of `other`
 * @returns one sentence; undefined if there are no such items
 */
export function lonelyMessage<L, R>(lonely: readonly L[], side: Side<L>, other: Side<R>): string | undefined {
  if (lonely.length === 0) return undefined;
  const names = other.items.map((item) => other.namesOf(item)[0]!);
  const words = listed(lonely, shown, (item) => {
    const name = side.namesOf(item)[0]!;
    return names.length === 0 ? `"${name}"` : `"${name}" (the closest is "${closest(name, names)}")`;
  });
  return `${countOf(lonely.length, side.noun)} without ${article(other.noun)} of that name: ${words}`;
}

/** Number of names shown in a message. */
const shown = 5;

/** "1 image", "3 images" */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

const article = (noun: string): string => `${/^[aeiou]/i.test(noun) ? "an" : "a"} ${noun}`;

const canonical = <T>({ namesOf }: Side<T>, item: T): string[] => namesOf(item).map(canonicalName);

/** Items by their full names, and by these without one or more leading folders. */
function indexOf<T>(side: Side<T>): {
  readonly whole: ReadonlyMap<string, readonly T[]>;
  readonly ends: ReadonlyMap<string, readonly T[]>;
} {
  const whole = new Map<string, T[]>();
  const ends = new Map<string, T[]>();
  for (const item of side.items) {
    for (const name of canonical(side, item)) {
      addTo(whole, name, item);
      for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) addTo(ends, name.slice(at + 1), item);
    }
  }
  return { whole, ends };
}

/** The item of the other side that a name matches, if any. @throws ConfigError when there are several */
function fitting<T, O>(side: Side<T>, item: T, other: Side<O>, index: ReadonlyMap<string, readonly O[]>): O[] {
  const found = [...new Set(canonical(side, item).flatMap((name) => index.get(name) ?? []))];
  if (found.length > 1) throw twice(other, found, side, item);
  return found;
}

/** The error of an ambiguous name. */
function twice<M, T>(many: Side<M>, items: readonly M[], one: Side<T>, item: T): ConfigError {
  const names = listed(items, shown, (other) => `"${many.namesOf(other)[0]}"`);
  return new ConfigError(
    `the ${one.noun} "${one.namesOf(item)[0]}" matches ${items.length} ${many.noun}s: ${names}. Each name must match one: give the path below the folder, or rename.`,
  );
}
