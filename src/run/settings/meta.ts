import type { z } from "zod";

/** Group that a setting belongs to; the help lists settings under these titles, in this order. */
export const settingGroups = [
  "Input",
  "Saliency",
  "Coarse mask",
  "SAM",
  "Regions",
  "Not present",
  "Volumes",
  "Quality gate",
  "Training",
  "Loss",
  "Optimiser",
  "Prompts in training",
  "Scores",
  "Output",
  "Machine",
] as const;
export type SettingGroup = (typeof settingGroups)[number];

/** What the value of a setting must be, where a list of values cannot say it. */
export interface Requirement {
  readonly holds: (value: unknown) => boolean;
  /** What is missing otherwise, to follow "without": "a table in --pairs". */
  readonly words: string;
}

/**
 * The values that other settings must have for a setting to have an effect: all parts of a condition, and at least one of several
 * conditions. `given`: it is set and not 0, false or an empty list; `absent`: the opposite.
 */
export type Condition = Readonly<Record<string, readonly (string | number | boolean)[] | "given" | "absent" | Requirement>>;

/** Distinguishes a `Requirement` from the other parts of a condition. */
export function isRequirement(part: Condition[string]): part is Requirement {
  return typeof part === "object" && "holds" in part;
}

/** Metadata of a setting beside its type, default and description, in `.meta()` of its schema. Everything that shows or reads settings uses it. */
export interface SettingMeta {
  readonly group?: SettingGroup;
  /** Stands for a text value in the help. */
  readonly placeholder?: string;
  /** Unit of a plain number. */
  readonly unit?: string;
  /** Path of a file or folder that must exist before a run starts. */
  readonly mustExist?: boolean;
  /** Results do not depend on the value: a run can resume in a folder whose results were made with another value. */
  readonly neutral?: boolean;
  /** Settings that cannot be combined with this one: a flag for one replaces the value that a settings file gives another. */
  readonly excludes?: readonly string[];
  /** When it has an effect; by default always. */
  readonly needs?: readonly Condition[];
  /** Path of a folder with results of this kind; the settings of the pack that made them apply here, too. */
  readonly resultsOf?: "saliency" | "coarse";
}

declare module "zod" {
  interface GlobalMeta extends SettingMeta {}
}

/** Assigns a group to all settings that have none. */
export function grouped<T extends z.ZodRawShape>(group: SettingGroup, shape: T): T {
  const entries = Object.entries(shape as unknown as Record<string, z.ZodType>);
  return Object.fromEntries(
    entries.map(([name, setting]) => [name, setting.meta({ group: metaOf(setting).group ?? group })]),
  ) as unknown as T;
}

/** The schemas of a command's settings by name. */
export function settingsOfSchema(schema: z.ZodType): Readonly<Record<string, z.ZodType>> {
  return (schema as z.ZodObject).shape as Readonly<Record<string, z.ZodType>>;
}

/** Metadata of one setting; wrappers, such as a default, add to the metadata of the schema inside. */
export function metaOf(setting: z.ZodType): SettingMeta {
  const { innerType } = setting.def as { innerType?: z.ZodType };
  return { ...(innerType && metaOf(innerType)), ...setting.meta() };
}

/** Names of the settings that satisfy a predicate. */
export function settingsThat(schema: z.ZodType, holds: (meta: SettingMeta) => boolean): string[] {
  return Object.entries(settingsOfSchema(schema)).flatMap(([name, setting]) => (holds(metaOf(setting)) ? [name] : []));
}
