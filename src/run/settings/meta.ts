import type { z } from "zod";

/** Part of a flow that a setting belongs to; the help lists settings under these titles, in this order. */
export const settingGroups = [
  "Input",
  "Saliency",
  "Coarse mask",
  "SAM",
  "Training",
  "Loss",
  "Optimiser",
  "Prompts in training",
  "Scores",
  "Output",
  "Machine",
] as const;
export type SettingGroup = (typeof settingGroups)[number];

/**
 * What other settings must be for a setting to have an effect: all of a condition, and at least one of several conditions. `given`: it
 * is set and neither 0, false nor an empty list; `absent`: the opposite.
 */
export type Condition = Readonly<Record<string, readonly (string | number | boolean)[] | "given" | "absent">>;

/** What is said of a setting beside its type, default and description, in `.meta()` of its schema. Everything that shows or reads settings follows it. */
export interface SettingMeta {
  readonly group?: SettingGroup;
  /** Stands for a value of text in the help. */
  readonly placeholder?: string;
  /** Of a bare number. */
  readonly unit?: string;
  /** It names a file or folder without which a run is not worth starting. */
  readonly mustExist?: boolean;
  /** A result is the same whatever the value: a run goes on in a folder of results that another value made. */
  readonly neutral?: boolean;
  /** Settings that cannot be given beside this one: a flag for one replaces a settings file's value of another. */
  readonly excludes?: readonly string[];
  /** Where it has an effect; by default everywhere. */
  readonly needs?: readonly Condition[];
  /** It names a folder of results of this kind, whose pack's settings hold here, too. */
  readonly resultsOf?: "saliency" | "coarse";
}

declare module "zod" {
  interface GlobalMeta extends SettingMeta {}
}

/** Puts settings into a group, those apart that are in one already. */
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

/** What is said of one setting; what wraps a schema, a default for instance, adds to what is said of the schema inside. */
export function metaOf(setting: z.ZodType): SettingMeta {
  const { innerType } = setting.def as { innerType?: z.ZodType };
  return { ...(innerType && metaOf(innerType)), ...setting.meta() };
}

/** Names of the settings of which a claim holds. */
export function settingsThat(schema: z.ZodType, holds: (meta: SettingMeta) => boolean): string[] {
  return Object.entries(settingsOfSchema(schema)).flatMap(([name, setting]) => (holds(metaOf(setting)) ? [name] : []));
}
