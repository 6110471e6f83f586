/** Which slices of a scan are wanted. Slices are counted from 1, in slice order. */
export type SliceChoice =
  /** From one slice to another, both included. */
  | { readonly first: number; readonly last: number }
  /** The first slice, and then every so many. */
  | { readonly every: number };

/** What `sliceChoice` reads, for messages. */
export const slicesExpected = 'expected slices such as "10:40", "10:", ":40", "7" or "every:5", counted from 1';

/**
 * The slices that a setting asks for: "10:40" for slices 10 to 40, "10:" for all from 10 on, ":40", "7" for one, "every:5" for slices 1, 6, 11, ...
 *
 * @returns undefined when the text is none of these
 */
export function sliceChoice(text: string): SliceChoice | undefined {
  const [, step] = /^every:(\d{1,6})$/.exec(text) ?? [];
  if (step !== undefined && Number(step) > 0) return { every: Number(step) };
  const [, from, colon, to] = /^(\d{0,6})(:?)(\d{0,6})$/.exec(text) ?? [];
  const first = from ? Number(from) : 1;
  const last = to ? Number(to) : colon ? Number.POSITIVE_INFINITY : first;
  return from !== undefined && (from || to) && first >= 1 && last >= first ? { first, last } : undefined;
}

/** Whether a slice is among those that are wanted. @param number - from 1 */
export function isChosen(number: number, choice: SliceChoice): boolean {
  if ("every" in choice) return (number - 1) % choice.every === 0;
  return number >= choice.first && number <= choice.last;
}
