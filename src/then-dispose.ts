/** Something that holds memory outside JavaScript's, threads or files until it is disposed of. */
export interface Disposable {
  dispose(): Promise<void>;
}

/** The same by the name that files and logs have for it. */
export interface Closable {
  close(): Promise<void>;
}

/** What is disposed of or closed after some work. */
type Held = Disposable | Closable | undefined;

/**
 * Does some work, then disposes of what it used, whether it succeeded or not: one after another, each even if another fails.
 *
 * @throws the error of the work; where there is none, the first error of disposing. In a `finally`, the latter would hide the former.
 */
export async function thenDispose<T>(work: () => Promise<T>, ...used: readonly Held[]): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await disposeAll(used);
    throw error;
  }
  await disposeAll(used, { mayThrow: true });
  return result;
}

/** The same for work that is a stream of events. It is over, too, when nobody takes further events. */
export async function* streamThenDispose<T, R>(work: () => AsyncGenerator<T, R>, ...used: readonly Held[]): AsyncGenerator<T, R> {
  let mayThrow = true;
  try {
    return yield* work();
  } catch (error) {
    mayThrow = false;
    throw error;
  } finally {
    await disposeAll(used, { mayThrow });
  }
}

async function disposeAll(used: readonly Held[], { mayThrow = false } = {}): Promise<void> {
  const errors: unknown[] = [];
  for (const one of used) await letGo(one).catch((error: unknown) => errors.push(error));
  if (mayThrow && errors.length > 0) throw errors[0];
}

async function letGo(one: Held): Promise<void> {
  if (one) await ("dispose" in one ? one.dispose() : one.close());
}
