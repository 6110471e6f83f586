/**
 * A function that computes a value when first asked for and gives the same one to all who ask, at once or later. Where computing fails, the
 * next one to ask has it tried again.
 */
export function once<T>(compute: () => Promise<T>): () => Promise<T> {
  const keep = oncePerKey<T>(1);
  return () => keep("", compute);
}

/**
 * The same for values by key.
 *
 * @param limit - values that are kept at most: those asked for last
 */
export function oncePerKey<T>(limit: number): (key: string, compute: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (key, compute) => {
    const value = kept.get(key) ?? compute();
    kept.delete(key);
    kept.set(key, value); // the one asked for last comes last
    value.catch(() => {
      if (kept.get(key) === value) kept.delete(key);
    });
    const [oldest] = kept.keys();
    if (kept.size > limit) kept.delete(oldest!);
    return value;
  };
}
