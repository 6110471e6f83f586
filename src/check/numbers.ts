import { ShapeError } from "../errors.ts";
import { described } from "./described.ts";

/** Index of the first value that is NaN or infinite; -1 if all are finite. */
export function firstNotFinite(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** Whether it is a list of whole numbers, none below `least`. */
export function areWhole(numbers: unknown, least = Number.MIN_SAFE_INTEGER): numbers is readonly number[] {
  if (!Array.isArray(numbers)) return false;
  return Array.from<unknown>(numbers).every((number) => Number.isSafeInteger(number) && (number as number) >= least); // holes, too
}

/** A list of whole numbers, none below `least`. @throws ShapeError for anything else */
export function wholeNumbers(numbers: readonly number[], what: string, least?: number): readonly number[] {
  if (areWhole(numbers, least)) return numbers;
  const bound = least === undefined ? "" : ` of at least ${least}`;
  throw new ShapeError(`${what} must be an array of whole numbers${bound}, got ${described(numbers)}.`);
}
