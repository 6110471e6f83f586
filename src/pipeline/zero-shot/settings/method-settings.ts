import type { z } from "zod";
import { addTo } from "../../../add-to.ts";
import type { Condition } from "../../../run/settings/meta.ts";

type Table = Readonly<Record<string, { readonly settings: z.ZodObject }>>;
type KeyOfAny<S> = S extends S ? keyof S : never;
type Merged<S> = { [K in KeyOfAny<S>]: S extends Record<K, infer Setting> ? Setting : never };

/**
 * The settings of all methods of a table. If not every method reads a setting, or its meaning differs, its description names the
 * methods, and it has no effect with others.
 *
 * @param chosenBy - the setting that selects the method
 */
export function settingsOfMethods<T extends Table>(table: T, chosenBy: string): Merged<T[keyof T]["settings"]["shape"]> {
  const shape: Record<string, z.ZodType> = {};
  for (const { settings } of Object.values(table)) {
    for (const [key, setting] of Object.entries(settings.shape)) {
      shape[key] ??= (setting as z.ZodType).meta({
        description: descriptionOf(key, table),
        ...needsOf(chosenBy, table, (method) => key in method.settings.shape),
      });
    }
  }
  return shape as Merged<T[keyof T]["settings"]["shape"]>;
}

function descriptionOf(key: string, table: Table): string {
  const meanings = new Map<string, string[]>();
  for (const [method, { settings }] of Object.entries(table)) {
    const { description } = (settings.shape[key] ?? {}) as { description?: string };
    if (description !== undefined) addTo(meanings, description, method);
  }
  const readers = [...meanings.values()].flat();
  const of = ([meaning, methods]: [string, string[]]) => `for ${methods.join(" and ")}: ${meaning}`;
  return meanings.size === 1 && readers.length === Object.keys(table).length ? [...meanings.keys()][0]! : [...meanings].map(of).join("; ");
}

/** For settings of the map and of the coarse mask: a baseline makes neither. */
export const withoutBaseline: { readonly needs: readonly Condition[] } = { needs: [{ baseline: "absent" }] };

/** The condition that there is a selected method and satisfies a predicate. */
export function needsOf<M>(chosenBy: string, table: Readonly<Record<string, M>>, holds: (method: M) => boolean): { needs: Condition[] } {
  const methods = Object.keys(table).filter((name) => holds(table[name]!));
  return { needs: [{ baseline: "absent", ...(methods.length < Object.keys(table).length && { [chosenBy]: methods }) }] };
}
