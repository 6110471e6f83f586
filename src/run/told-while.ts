import type { RunEvent } from "./events.ts";

/**
 * What a piece of work says while it runs, as events, and its result.
 *
 * @param work - is given a function that says what it does now
 * @throws as the work does; work that is no longer waited for is let end first
 */
export async function* toldWhile<T>(work: (tell: (message: string) => void) => Promise<T>): AsyncGenerator<RunEvent, T> {
  const messages: string[] = [];
  let wake = () => {};
  let isOver = false;
  const result = work((message) => {
    messages.push(message);
    wake();
  }).finally(() => {
    isOver = true;
    wake();
  });
  try {
    for (;;) {
      for (let message = messages.shift(); message !== undefined; message = messages.shift()) yield { type: "stage", message };
      if (isOver) return await result;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    await result.catch(() => undefined);
  }
}
