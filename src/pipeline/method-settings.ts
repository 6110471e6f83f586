import type { z } from "zod";
import { coarseMethods } from "../coarse/index.ts";
import { saliencyMethods } from "../saliency/index.ts";

type Table = Readonly<Record<string, { readonly settings: z.ZodObject }>>;
type KeyOfAny<S> = S extends S ? keyof S : never;
type Merged<S> = { [K in KeyOfAny<S>]: S extends Record<K, infer Setting> ? Setting : never };

/**
 * The settings of all methods of a table. Where not every method reads a setting, or it means another thing to some, its
 * description names the methods.
 */
export function settingsOfMethods<T extends Table>(table: T): Merged<T[keyof T]["settings"]["shape"]> {
  const shape: Record<string, z.ZodType> = {};
  for (const { settings } of Object.values(table)) {
    for (const [key, setting] of Object.entries(settings.shape)) shape[key] ??= (setting as z.ZodType).describe(descriptionOf(key, table));
  }
  return shape as Merged<T[keyof T]["settings"]["shape"]>;
}

function descriptionOf(key: string, table: Table): string {
  const meanings = new Map<string, string[]>();
  for (const [method, { settings }] of Object.entries(table)) {
    const { description } = (settings.shape[key] ?? {}) as { description?: string };
    if (description !== undefined) meanings.set(description, [...(meanings.get(description) ?? []), method]);
  }
  const readers = [...meanings.values()].flat();
  const of = ([meaning, methods]: [string, string[]]) => `for ${methods.join(" and ")}: ${meaning}`;
  return meanings.size === 1 && readers.length === Object.keys(table).length ? [...meanings.keys()][0]! : [...meanings].map(of).join("; ");
}

/** A setting that the chosen method does not read. */
export interface UnusedSetting {
  readonly setting: string;
  /** The setting by which the method was chosen, and its value. */
  readonly chosenBy: "saliencyMethod" | "coarseMethod";
  readonly method: string;
}

/** What each method reads, by the setting that chooses it. */
const readBy: Readonly<Record<UnusedSetting["chosenBy"], Readonly<Record<string, readonly string[]>>>> = {
  saliencyMethod: Object.fromEntries(Object.entries(saliencyMethods).map(([name, { uses }]) => [name, uses])),
  coarseMethod: Object.fromEntries(Object.entries(coarseMethods).map(([name, { settings }]) => [name, Object.keys(settings.shape)])),
};

/**
 * Of the settings that a user gave, those without effect, as they belong to another method than the chosen one.
 *
 * @param given - names of the settings that stand in a call, a command or a file; not those that have their defaults
 * @param chosen - the methods; a step that does not take part is left out
 */
export function unusedSettings(
  given: readonly string[],
  chosen: Readonly<Partial<Record<UnusedSetting["chosenBy"], string>>>,
): UnusedSetting[] {
  return (["saliencyMethod", "coarseMethod"] as const).flatMap((chosenBy) => {
    const method = chosen[chosenBy];
    if (method === undefined) return [];
    const ofMethods = Object.values(readBy[chosenBy]).flat();
    const read = readBy[chosenBy][method]!;
    return given
      .filter((setting) => ofMethods.includes(setting) && !read.includes(setting))
      .map((setting) => ({ setting, chosenBy, method }));
  });
}
