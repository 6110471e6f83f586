/**
 * A function that computes a value on the first call and returns the same one to all later or concurrent calls. If computing fails, the
 * next call tries again.
 */
export function once<T>(compute: () => Promise<T>): () => Promise<T> {
  const keep = oncePerKey<T>(1);
  return () => keep("", compute);
}

/**
 * The same for values by key.
 *
 * @param limit - maximum number of cached values; the least recently used are evicted
 */
export function oncePerKey<T>(limit: number): (key: string, compute: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (key, compute) => {
    const value = kept.get(key) ?? compute();
    kept.delete(key);
    kept.set(key, value); // the most recently used comes last
    value.catch(() => {
      if (kept.get(key) === value) kept.delete(key);
    });
    const [oldest] = kept.keys();
    if (kept.size > limit) kept.delete(oldest!);
    return value;
  };
}
