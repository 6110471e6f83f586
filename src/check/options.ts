import { closest } from "fastest-levenshtein";
import type { z } from "zod";
import { ConfigError } from "../errors.ts";
import { described } from "./described.ts";

/** @param what - what it should hold, for the message. @throws ConfigError when it is not an object */
export function checkedObject<T>(given: T, where: string, what = "options"): T {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return given;
  throw new ConfigError(`${where}: ${what} must be an object, got ${described(given)}.`);
}

/** @throws ConfigError when an option `signal` is given and is none */
export function checkedSignal(signal: unknown, where: string): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new ConfigError(`${where}: option "signal" must be an AbortSignal, got ${described(signal)}.`);
}

/** Options with no other names than these; their values are not checked. @throws ConfigError when it is not an object, or has another name */
export function checkedNames<T extends object>(given: T, known: readonly (keyof T & string)[], where: string): T {
  const others = Object.keys(checkedObject(given, where)).filter((name) => !known.includes(name as keyof T & string));
  if (others.length > 0) throw new ConfigError(`${where}: ${unknownOptions(others, known)}.`);
  return given;
}

/**
 * Options of a public function, checked and with their defaults.
 *
 * @param where - the function, for the message
 * @throws ConfigError that names each wrong option, what was expected and what came; unknown options, too
 */
export function checkedOptions<S extends z.ZodObject>(schema: S, given: unknown, where: string): z.output<S> {
  const result = schema.safeParse(checkedObject(given, where));
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") return unknownOptions(issue.keys, Object.keys(schema.shape));
    const value = issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)[key], given);
    return [`option "${issue.path.join(".")}": expected ${expectation(issue)}, got ${described(value)}`];
  });
  throw new ConfigError(`${where}: ${problems.join("; ")}.`);
}

function unknownOptions([first, ...others]: readonly string[], known: readonly string[]): string {
  const more = others.length > 0 ? `, nor ${others.slice(0, 3).join(", ")}${others.length > 3 ? ", ..." : ""}` : "";
  return `there is no option "${first}"${more}. Did you mean "${closest(first!, known)}"? Known are ${known.join(", ")}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : `a value of type ${issue.expected}`;
    case "invalid_value":
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "too_small":
      return `${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    default:
      return issue.message;
  }
}
