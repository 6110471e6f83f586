import { z } from "zod";
import { kebab } from "../../kebab.ts";

/**
 * The command line that has these settings, for a shell: `npx medclip-sam@0.1.0 weak predict --model run/model --images "new scans" --out masks`. Settings
 * that are as by default are left out.
 *
 * @param version - of medclip-sam
 * @param schema - of the command's settings, which knows the defaults
 * @param positional - the setting that has no flag
 */
export function commandLine(
  { command, version }: { readonly command: string; readonly version: string },
  schema: z.ZodType,
  settings: Readonly<Record<string, unknown>>,
  positional?: string,
): string {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" });
  const flags = Object.entries(properties).flatMap(([key, field]) => {
    const value = settings[key];
    const { default: preset, prefixItems } = field as { default?: unknown; prefixItems?: unknown };
    if (value === undefined || value === null || JSON.stringify(value) === JSON.stringify(preset)) return [];
    if (key === positional) return [value].flat().map((one) => quoted(String(one)));
    const flag = `--${kebab(key)}`;
    if (typeof value === "boolean") return [value ? flag : `--no-${kebab(key)}`];
    if (!Array.isArray(value)) return [flag, quoted(String(value))];
    if (prefixItems !== undefined) return [flag, value.join(",")];
    return value.flatMap((one) => [flag, quoted(String(one))]);
  });
  return [`npx medclip-sam@${version}`, command, ...flags].join(" ");
}

/** A word of a shell: quoted where it holds other signs than those of plain names. */
const quoted = (word: string): string => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
