import { Inflate } from "fflate";

/** Compressed bytes given to the decoder at a time: deflate makes 1,032 bytes of one at most, so that 16 MB come at once. */
const portion = 2 ** 14;

/**
 * Inflates raw deflate data, in Node and in browsers.
 *
 * @param limit - most bytes of the result
 * @throws Error when the data are damaged, end early, or give more than `limit` bytes
 */
export function inflated(bytes: Uint8Array, limit: number): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let total = 0;
  const stream = new Inflate((part) => {
    total += part.length;
    if (total > limit) throw new RangeError(`more than ${limit} bytes`);
    parts.push(part);
  });
  for (let at = 0; at < bytes.length || at === 0; at += portion) {
    stream.push(bytes.subarray(at, at + portion), at + portion >= bytes.length);
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The code of fflate's error for data that end too early. */
const unexpectedEnd = 0;

/** Whether inflating failed because the data end too early. */
export function isCutShort(cause: unknown): boolean {
  return (cause as { readonly code?: unknown }).code === unexpectedEnd;
}
