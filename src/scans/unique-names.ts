/**
 * Names of which no two are equal, whatever the file system takes for equal: a name that is taken gets "-2", "-3", ... in the order of the list.
 *
 * @example uniqueNames(["CT-3", "CT-3", "MR"]) // ["CT-3", "CT-3-2", "MR"]
 */
export function uniqueNames(names: readonly string[]): string[] {
  const keyOf = (name: string) => name.normalize("NFC").toLowerCase();
  const wished = new Set(names.map(keyOf));
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return names.map((name) => {
    let own = name;
    // A number that another name has as its own stays that name's: "CT" twice beside "CT-2" gives "CT" and "CT-3".
    for (let n = next.get(keyOf(name)) ?? 2; taken.has(keyOf(own)) || (own !== name && wished.has(keyOf(own))); n++) {
      own = `${name}-${n}`;
      next.set(keyOf(name), n + 1);
    }
    taken.add(keyOf(own));
    return own;
  });
}
