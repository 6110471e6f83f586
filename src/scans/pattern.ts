import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ConfigError } from "../errors.ts";

/** Whether a path's last part could be a pattern, as shells on Windows hand it over: with "*" or "?". */
export function isPattern(path: string): boolean {
  return /[*?]/.test(basename(path));
}

/**
 * The files that a pattern stands for, in the order of their names; hidden ones have to be asked for. A path that is there is itself.
 *
 * @throws ConfigError when no file fits
 */
export async function expandPattern(path: string): Promise<string[]> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere || !isPattern(path)) return [path];
  const [folder, pattern] = [dirname(path), basename(path)];
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  const fits = new RegExp(`^${literal.replaceAll("*", ".*").replaceAll("?", ".")}$`, "su");
  const entries = await readdir(folder).catch(() => []);
  const names = entries.filter((name) => fits.test(name) && (pattern.startsWith(".") || !name.startsWith("."))).sort();
  if (names.length === 0) throw new ConfigError(`"${path}" does not exist, and as a pattern it fits no file in "${folder}".`);
  return names.map((name) => join(folder, name));
}
