import type { z } from "zod";
import { kebab } from "../../kebab.ts";
import { type Condition, isRequirement, metaOf, settingsOfSchema, settingsThat } from "./meta.ts";

type Settings = Readonly<Record<string, unknown>>;

/** The checked settings that have an effect: those disabled by another setting are left out. */
export function effectiveSettings(schema: z.ZodType, settings: Settings): Record<string, unknown> {
  const shape = settingsOfSchema(schema);
  const all = { ...absent(shape), ...settings };
  return Object.fromEntries(Object.entries(settings).filter(([name]) => shape[name] === undefined || hasEffect(shape[name], all)));
}

/** Settings as a record holds them: those that had an effect, and the names of those that do not change the results. */
export function recordedSettings(schema: z.ZodType, settings: Settings): { settings: Record<string, unknown>; neutral: string[] } {
  return { settings: effectiveSettings(schema, settings), neutral: settingsThat(schema, ({ neutral }) => neutral === true) };
}

/**
 * A sentence for each setting that was given but has no effect because another setting disables it.
 *
 * @param given - names of the settings that were given, as opposed to defaults
 * @param labels - what settings without a flag are called, such as "the data set"
 * @example withoutEffect(SegmentSettings, settings, ["threshold"]) // ["--threshold has no effect with --coarse-method otsu; it is for --coarse-method threshold"]
 */
export function withoutEffect(
  schema: z.ZodType,
  settings: Settings,
  given: Iterable<string>,
  labels: Readonly<Record<string, string>> = {},
): string[] {
  const called = (name: string) => labels[name] ?? `--${kebab(name)}`;
  const shape = settingsOfSchema(schema);
  const all = { ...absent(shape), ...settings };
  return [...given].flatMap((name) => {
    const setting = shape[name];
    if (setting === undefined || settings[name] === undefined || hasEffect(setting, all)) return [];
    const conditions = metaOf(setting).needs!.filter((condition) =>
      Object.entries(condition).every(([other, wanted]) => other in shape || wanted === "absent"),
    );
    const uses = conditions.flatMap((condition) => wordsOf(condition, called));
    return [
      `${called(name)} has no effect${reasonOf(conditions[0]!, all, called)}${uses.length > 0 ? `; it is for ${uses.join(", or ")}` : ""}`,
    ];
  });
}

/** All settings of a command, none of them given. */
const absent = (shape: Readonly<Record<string, unknown>>): Settings =>
  Object.fromEntries(Object.keys(shape).map((name) => [name, undefined]));

function hasEffect(setting: z.ZodType, settings: Settings): boolean {
  const { needs } = metaOf(setting);
  return needs === undefined || needs.some((condition) => Object.keys(condition).every((name) => holds(condition, name, settings)));
}

/** Whether one part of a condition holds. A value that the command chooses itself, as none was given, disables nothing. */
function holds(condition: Condition, name: string, settings: Settings): boolean {
  const [wanted, value] = [condition[name]!, settings[name]];
  if (isRequirement(wanted)) return name in settings && wanted.holds(value);
  const isGiven = Array.isArray(value) ? value.length > 0 : Boolean(value);
  if (wanted === "given") return isGiven;
  if (wanted === "absent") return !isGiven;
  return name in settings && (value === undefined || wanted.includes(value as string));
}

/** " with --coarse-method otsu", " without --regions", " without a table in --pairs" */
function reasonOf(condition: Condition, settings: Settings, called: (name: string) => string): string {
  const failed = Object.keys(condition).find((name) => !holds(condition, name, settings))!;
  const [wanted, flag] = [condition[failed]!, called(failed)];
  if (isRequirement(wanted)) return ` without ${wanted.words}`;
  if (wanted === "given") return ` without ${flag}`;
  return settings[failed] === true || wanted === "absent" ? ` with ${flag}` : ` with ${flag} ${settings[failed]}`;
}

/** "--visual-prompt points or both" */
function wordsOf(condition: Condition, called: (name: string) => string): string[] {
  return Object.entries(condition).flatMap(([name, wanted]) =>
    typeof wanted === "string" || isRequirement(wanted) || typeof wanted[0] === "boolean" ? [] : [`${called(name)} ${wanted.join(" or ")}`],
  );
}
