import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ConfigError } from "../errors.ts";

/** Wildcards of a pattern, and every other character. */
const tokens = /\*|\?|\[[!^]?[^\]]+\]|./gsu;

const partsOf = (path: string): readonly string[] => basename(path).match(tokens) ?? [];

/** Whether a path's last part could be a pattern, as shells on Windows hand it over: with "*", "?" or "[a-z]". */
export function isPattern(path: string): boolean {
  return partsOf(path).some((token) => token === "*" || token === "?" || token.length > 2);
}

/**
 * The files that match a pattern, sorted by name; hidden files only if the pattern starts with a dot. An existing path matches itself.
 *
 * @throws ConfigError when no file matches
 */
export async function expandPattern(path: string): Promise<string[]> {
  if (!isPattern(path)) return [path];
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) return [path];
  const [folder, pattern] = [dirname(path), basename(path)];
  const fits = expressionOf(pattern);
  const entries = await readdir(folder).catch(() => []);
  const names = entries.filter((name) => fits.test(name) && (pattern.startsWith(".") || !name.startsWith("."))).sort();
  if (names.length === 0) throw new ConfigError(`"${path}" does not exist, and as a pattern it matches no file in "${folder}".`);
  return names.map((name) => join(folder, name));
}

/** @throws ConfigError when a range runs backwards, as in "[z-a]" */
function expressionOf(pattern: string): RegExp {
  const parts = partsOf(pattern).map((token) => {
    if (token === "*") return ".*";
    if (token === "?") return ".";
    const literal = token.replace(/[.+^${}()|[\]\\&~/]/g, "\\$&");
    return token.length > 2 ? `[${literal.slice(2, -2).replace(/^(!|\\\^)/, "^")}]` : literal;
  });
  try {
    return new RegExp(`^${parts.join("")}$`, "su");
  } catch (cause) {
    throw new ConfigError(`"${pattern}" does not exist, and is not a valid pattern.`, { cause });
  }
}
