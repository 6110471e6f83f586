import { ConfigError } from "../errors.ts";

/**
 * How an entry of a model's configuration is handled. An entry that no table lists gives a warning: it may change results.
 *
 * - `neutral`: it does not affect inference: names, training, what the tensor names determine anyway.
 * - `only`: only these values are supported; any other is an error.
 * - `followed`: it becomes a hint under the name `as`; `read` returns undefined for invalid values.
 * - `told`: the shapes of the tensors determine it; another value means that the file belongs to another model.
 * - `warned`: only these values are followed; any other gives a warning.
 */
export type EntryRule =
  | { readonly kind: "neutral" }
  | { readonly kind: "only" | "warned"; readonly values: readonly unknown[] }
  | { readonly kind: "followed"; readonly as: string; readonly read: (value: unknown) => unknown; readonly expected: string }
  | { readonly kind: "told"; readonly as: string };

/** Rules by the path of an entry: keys joined by dots. */
export type EntryTable = Readonly<Record<string, EntryRule>>;

/** A size that a configuration states. */
export interface Claim {
  readonly path: string;
  /** The size's path in the configuration of the model that is built. */
  readonly as: string;
  readonly value: number;
}

export interface Entries {
  readonly followed: Readonly<Record<string, unknown>>;
  readonly claims: readonly Claim[];
  readonly warnings: readonly string[];
}

export const neutral: EntryRule = { kind: "neutral" };
export const only = (...values: readonly unknown[]): EntryRule => ({ kind: "only", values });
export const warned = (...values: readonly unknown[]): EntryRule => ({ kind: "warned", values });
export const told = (as: string): EntryRule => ({ kind: "told", as });

/** A whole number above 0. */
export const count = (as: string): EntryRule => ({
  kind: "followed",
  as,
  read: (value) => (Number.isInteger(value) && (value as number) > 0 ? value : undefined),
  expected: "a whole number above 0",
});

/** A number above 0. */
export const positive = (as: string): EntryRule => ({
  kind: "followed",
  as,
  read: (value) => (typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined),
  expected: "a number above 0",
});

/** One number for all three channels, or one for each. */
export const channels = (as: string, isAllowed: (value: number) => boolean = () => true): EntryRule => ({
  kind: "followed",
  as,
  read: (value) => {
    const values = typeof value === "number" ? [value, value, value] : value;
    const areNumbers = Array.isArray(values) && values.length === 3 && values.every((each) => Number.isFinite(each) && isAllowed(each));
    return areNumbers ? values : undefined;
  },
  expected: "three numbers",
});

export const flag = (as: string): EntryRule => ({
  kind: "followed",
  as,
  read: (value) => (typeof value === "boolean" ? value : undefined),
  expected: "true or false",
});

/** The table with every path behind a prefix. */
export const behind = (prefix: string, table: EntryTable): EntryTable =>
  Object.fromEntries(Object.entries(table).map(([path, rule]) => [`${prefix}.${path}`, rule]));

/** The table with every path neutral. */
export const neutrals = (...paths: readonly string[]): EntryTable => Object.fromEntries(paths.map((path) => [path, neutral]));

/**
 * Applies a table to a configuration. Entries that are null are not set.
 *
 * @throws ConfigError that names the entry: a value that cannot be followed, or two entries that contradict each other
 */
export function readEntries(json: unknown, table: EntryTable): Entries {
  const followed: Record<string, unknown> = {};
  const from: Record<string, string> = {};
  const claims: Claim[] = [];
  const warnings: string[] = [];
  const unknown: string[] = [];
  const apply = (path: string, rule: EntryRule, value: unknown): void => {
    if (rule.kind === "followed") {
      const found = rule.read(value);
      if (found === undefined) throw new ConfigError(`"${path}" is ${JSON.stringify(value)}, expected ${rule.expected}.`);
      if (rule.as in followed && JSON.stringify(followed[rule.as]) !== JSON.stringify(found)) {
        throw new ConfigError(
          `"${path}" is ${JSON.stringify(value)}, but "${from[rule.as]}" is ${JSON.stringify(followed[rule.as])}. Keep the one that is right.`,
        );
      }
      followed[rule.as] = found;
      from[rule.as] = path;
    } else if (rule.kind === "told") {
      claims.push(...sizesOf(value).map((size) => ({ path, as: rule.as, value: size })));
    } else if (rule.kind !== "neutral" && !rule.values.some((allowed) => JSON.stringify(allowed) === JSON.stringify(value))) {
      const supported = rule.values.map((allowed) => JSON.stringify(allowed)).join(" or ");
      const what = `"${path}" is ${JSON.stringify(value)}; this program uses ${supported}`;
      if (rule.kind === "only") throw new ConfigError(`${what}. Such a model is not supported.`);
      warnings.push(`${what}, so results differ from those of the model's own tools.`);
    }
  };
  const walk = (value: unknown, path: string): void => {
    if (value === null || value === undefined) return;
    const rule = Object.hasOwn(table, path) ? table[path] : undefined;
    if (rule) apply(path, rule, value);
    else if (typeof value === "object" && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === "" ? key : `${path}.${key}`);
    } else if (!Array.isArray(value) || value.length > 0) unknown.push(path);
  };
  walk(json, "");
  if (unknown.length > 0) {
    warnings.push(`unknown entries, which may change results, are ignored: ${unknown.map((path) => `"${path}"`).join(", ")}.`);
  }
  return { followed, claims, warnings };
}

/** A size is a number, two of them, or an object of height and width or of an edge. */
function sizesOf(value: unknown): number[] {
  const values = typeof value === "object" && value !== null ? Object.values(value) : [value];
  return values.filter((size) => typeof size === "number");
}

/**
 * @param remedy - what to do about the wrong configuration, a sentence
 * @throws ConfigError that lists the sizes that the tensors contradict
 */
export function checkClaims(claims: readonly Claim[], config: object, file: string, remedy: string): void {
  const wrong = claims.flatMap(({ path, as, value }) => {
    const is = as.split(".").reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], config);
    return is === value ? [] : [`"${path}" is ${value}, but the tensors say ${is}`];
  });
  if (wrong.length > 0) {
    throw new ConfigError(`the configuration is not that of "${file}": ${wrong.join("; ")}. ${remedy}`);
  }
}
