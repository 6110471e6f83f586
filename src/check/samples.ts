import { InputError } from "../errors.ts";
import { described } from "./described.ts";

/** What each part of an object must be, in words and as a test. */
type Rules = Readonly<Record<string, readonly [words: string, isRight: (value: unknown) => boolean]>>;

const isLength = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1;
const optional = (isRight: (value: unknown) => boolean) => (value: unknown) => value === undefined || isRight(value);
const isPalette = (value: unknown) => {
  const { colours, transparent } = (value ?? {}) as { readonly colours?: unknown; readonly transparent?: unknown };
  return Array.isArray(colours) && transparent instanceof Set;
};

const rules: Rules = {
  width: ["a whole number of at least 1", isLength],
  height: ["a whole number of at least 1", isLength],
  data: ["an array of numbers", (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value)],
  kind: ['"gray", "rgb" or "palette"', (value) => ["gray", "rgb", "palette"].includes(value as string)],
  hasAlpha: ["true or false", optional((value) => typeof value === "boolean")],
  stride: ["a whole number of at least 1", optional(isLength)],
  full: ["the largest value of a sample", optional((value) => Number.isFinite(value) && (value as number) > 0)],
  palette: ["{ colours, transparent } with an array and a Set", optional(isPalette)],
};

/** Samples of a decoded picture that shall be a mask. @throws InputError that names the wrong part */
export function checkSamples(samples: unknown, where: string): void {
  if (typeof samples !== "object" || samples === null || "then" in samples)
    throw new InputError(`${where}: samples must be { width, height, data, kind }, got ${described(samples)}.`);
  const given = samples as Readonly<Record<string, unknown>>;
  for (const [name, [words, isRight]] of Object.entries(rules))
    if (!isRight(given[name])) throw new InputError(`${where}: samples.${name} must be ${words}, got ${described(given[name])}.`);
  if (given.kind === "palette" && given.palette === undefined)
    throw new InputError(`${where}: samples.palette is required when samples.kind is "palette".`);
}
