import { readFile } from "node:fs/promises";
import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { kebab } from "../kebab.ts";
import { metaOf, type SettingGroup, settingGroups, settingsOfSchema } from "../run/settings/meta.ts";

/** One setting of a command as a command-line flag. */
export interface Flag {
  /** Key of the settings, in camelCase. */
  readonly key: string;
  /** The same in kebab-case, without leading dashes. */
  readonly name: string;
  /** Form of the value: none, one text or number, a repeatable text, or comma-separated numbers. */
  readonly kind: "switch" | "text" | "number" | "list" | "numbers";
  /** Placeholder of the value in the help. */
  readonly placeholder: string;
  readonly description: string;
  readonly default: unknown;
  /** Title under which the help lists it. */
  readonly group: SettingGroup | undefined;
  /** Keys of settings that cannot be combined with it. */
  readonly excludes: readonly string[];
  /** Description of valid values, for messages. */
  readonly expected: string;
  /** The valid values, where they are names. */
  readonly choices: readonly string[];
}

/** A settings schema: an object whose fields are flags. */
export type SettingsSchema<T> = z.ZodType<T>;

/** The part of JSON Schema with which zod describes a field. */
interface Field {
  readonly type?: "string" | "number" | "integer" | "boolean" | "array";
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly items?: Field | false;
  readonly prefixItems?: readonly Field[];
  readonly default?: unknown;
  readonly description?: string;
}

/** The flags of a command, by group and in the order of its settings. They are described in the schema only. */
export function flagsOf(schema: SettingsSchema<unknown>): Flag[] {
  const { properties } = z.toJSONSchema(schema, { io: "input" }) as { properties: Record<string, Field> };
  const shape = settingsOfSchema(schema);
  const flags = Object.entries(properties).map(([key, field]) => {
    const kind = kindOf(field);
    const { placeholder = "VALUE", group, excludes = [] } = metaOf(shape[key]!);
    return {
      key,
      name: kebab(key),
      kind,
      placeholder: placeholderOf(field, kind) ?? placeholder,
      group,
      excludes,
      description: field.description ?? "",
      default: field.default,
      expected: expectedOf(field),
      choices: field.enum ?? [],
    };
  });
  const place = ({ group }: Flag) => (group === undefined ? settingGroups.length : settingGroups.indexOf(group));
  return flags.sort((a, b) => place(a) - place(b));
}

const camel = (name: string): string => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function kindOf({ type, prefixItems }: Field): Flag["kind"] {
  if (type === "boolean") return "switch";
  if (type === "number" || type === "integer") return "number";
  if (type === "array") return prefixItems ? "numbers" : "list";
  return "text";
}

/** Default placeholder, from the type of the value. */
function placeholderOf(field: Field, kind: Flag["kind"]): string | undefined {
  if (field.enum) return field.enum.join("|");
  if (kind === "number") return "N";
  if (kind === "numbers") return field.prefixItems!.map(() => "N").join(",");
  return undefined;
}

/** "a whole number of at least 0" */
function expectedOf(field: Field): string {
  if (field.enum) return `one of ${field.enum.join(", ")}`;
  if (field.prefixItems) return `${field.prefixItems.length} comma-separated values, each ${expectedOf(field.prefixItems[0]!)}`;
  switch (field.type) {
    case "boolean":
      return "true or false";
    case "integer":
    case "number":
      return `${field.type === "integer" ? "a whole number" : "a number"}${rangeOf(field)}`;
    case "array":
      return field.items ? expectedOf(field.items) : "a list";
    default:
      return "text";
  }
}

function rangeOf({ minimum = Number.MIN_SAFE_INTEGER, exclusiveMinimum, maximum = Number.MAX_SAFE_INTEGER }: Field): string {
  // zod gives integers the bounds of safe integers, which messages need not mention.
  const [low, high] = [minimum > Number.MIN_SAFE_INTEGER, maximum < Number.MAX_SAFE_INTEGER];
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}${high ? `, at most ${maximum}` : ""}`;
  if (low && high) return ` from ${minimum} to ${maximum}`;
  return low ? ` of at least ${minimum}` : high ? ` of at most ${maximum}` : "";
}

/** Settings as given, before validation. */
export interface Given {
  /** Values of flags and positional arguments by key, as commander returns them. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Values of a settings file by key, and the file's name for messages. */
  readonly config?: { readonly file: string; readonly values: Readonly<Record<string, unknown>> } | undefined;
  /** Keys of the positional arguments, and their names in messages. */
  readonly positionals?: readonly { readonly key: string; readonly label: string }[] | undefined;
  /** Values used if neither sets them, instead of the schema's defaults. */
  readonly base?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Validated settings with their defaults; flags take precedence over the settings file.
 *
 * @throws ConfigError that lists each wrong flag with the expected and the actual value, or is about an empty value or "-" in place of a file
 */
export function settingsFrom<T>(schema: SettingsSchema<T>, { flags: given, config, positionals = [], base }: Given): T {
  const flags = flagsOf(schema);
  const values: Record<string, unknown> = { ...base };
  const raw: Record<string, unknown> = {};
  // A flag replaces the file's value of a setting that cannot be combined with it.
  const dropped = flags.flatMap(({ key, excludes }) => (given[key] === undefined ? [] : excludes));
  for (const flag of flags) {
    const fromFlag = given[flag.key];
    const fromFile = dropped.includes(flag.key) ? undefined : config?.values[flag.key];
    raw[flag.key] = fromFlag ?? fromFile;
    if (fromFlag !== undefined) values[flag.key] = typeof fromFlag === "string" ? parsed(fromFlag, flag) : fromFlag;
    else if (fromFile !== undefined) values[flag.key] = flag.kind === "list" && !Array.isArray(fromFile) ? [fromFile] : fromFile;
  }
  /** As a flag, or what a positional argument is: nobody types a flag for it. */
  const label = ({ key, name }: Flag) => positionals.find((positional) => positional.key === key)?.label ?? `--${name}`;
  refuseEmpty(flags, given, config, label);
  refuseDash(flags, given, config, label);
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const flag = flags.find(({ key }) => key === issue.path[0]);
    if (!flag) return issue.message;
    const isPositional = positionals.some(({ key }) => key === flag.key);
    const value = raw[flag.key];
    if (value === undefined || (isPositional && Array.isArray(value) && value.length === 0)) {
      return `${label(flag)} is missing: ${flag.description}${isPositional ? "" : ` (--${flag.name} ${flag.placeholder})`}`;
    }
    const where = given[flag.key] === undefined ? `"${flag.name}" in "${config?.file}"` : label(flag);
    // Custom checks of a schema have their own message.
    const expected = issue.code === "custom" ? issue.message : `expected ${flag.expected}`;
    const near = typeof value === "string" ? closeTo(value, flag.choices) : undefined;
    return `${where}: ${expected}, got ${JSON.stringify(value)}${near === undefined ? "" : `; did you mean "${near}"?`}`;
  });
  throw new ConfigError([...new Set(problems)].join("\n"));
}

/** An empty text usually comes from an unset shell variable; as a folder it would mean the current one. @throws ConfigError */
function refuseEmpty(flags: readonly Flag[], given: Given["flags"], config: Given["config"], label: (flag: Flag) => string): void {
  const empty = flags.filter(({ key, kind }) => kind === "text" && (given[key] ?? config?.values[key]) === "");
  if (empty.length === 0) return;
  const lines = empty.map((flag) => `${label(flag)} is missing: its ${flag.placeholder} is empty (${flag.description})`);
  throw new ConfigError(lines.join("\n"));
}

/** In other programs "-" is standard input or output; here it would become a file of that name. @throws ConfigError */
function refuseDash(flags: readonly Flag[], given: Given["flags"], config: Given["config"], label: (flag: Flag) => string): void {
  const dashes = flags.filter(
    ({ key, placeholder }) => ["FILE", "DIR"].includes(placeholder) && (given[key] ?? config?.values[key]) === "-",
  );
  if (dashes.length === 0) return;
  const lines = dashes.map(
    (flag) =>
      `${label(flag)}: expected the name of a ${flag.placeholder === "DIR" ? "folder" : "file"}, got "-". Standard output is /dev/stdout; "./-" is something of that name.`,
  );
  throw new ConfigError(lines.join("\n"));
}

/** Converts a flag's text to the value that the schema validates; text that is not a number is kept, so that the schema rejects it. */
function parsed(text: string, flag: Flag): unknown {
  const number = (part: string) => (part.trim() !== "" && Number.isFinite(Number(part)) ? Number(part) : part);
  if (flag.kind === "number") return number(text);
  if (flag.kind === "numbers") return text.split(",").map(number);
  return flag.kind === "list" ? [text] : text;
}

/**
 * Reads a settings file: YAML (or JSON, a subset of YAML) with the flags' names in kebab-case or camelCase.
 *
 * @throws ConfigError when it cannot be read or has a key that the command does not know
 */
export async function readConfig(file: string, schema: SettingsSchema<unknown>): Promise<NonNullable<Given["config"]>> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError(`--config: "${file}" ${cause.code === "ENOENT" ? "does not exist" : `cannot be read: ${cause.message}`}`, {
      cause,
    });
  });
  const { parse } = await import("yaml");
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (cause) {
    throw new ConfigError(`--config: "${file}" is not YAML: ${(cause as Error).message.split("\n")[0]}`, { cause });
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new ConfigError(`--config: "${file}" must contain settings as "name: value" lines`);
  }
  const names = flagsOf(schema).map(({ name }) => name);
  const values: Record<string, unknown> = {};
  for (const [given, value] of Object.entries(content)) {
    const name = kebab(given);
    if (!names.includes(name)) throw new ConfigError(`--config: "${file}" has the unknown setting "${given}"${suggestion(name, names)}`);
    const key = camel(name);
    if (key in values) throw new ConfigError(`--config: "${file}" has the setting "${name}" twice`);
    values[key] = value;
  }
  return { file, values };
}

/** Suggests the closest known name, or lists all names if none is close. */
function suggestion(name: string, names: readonly string[]): string {
  const near = closeTo(name, names);
  return near === undefined ? `; known settings: ${names.join(", ")}` : `; did you mean "${near}"?`;
}

/** The closest name, if it is close. */
function closeTo(name: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const near = closest(name, names);
  return distance(name, near) <= Math.max(2, name.length / 2) ? near : undefined;
}
