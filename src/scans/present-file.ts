import { stat } from "node:fs/promises";

/**
 * The file that a table means by a path: as written, else in another Unicode form (a table from macOS, files from Linux) or with the other
 * slash (a table from Windows).
 *
 * @returns undefined where there is no such file
 */
export async function presentFile(path: string): Promise<string | undefined> {
  const slashed = path.replaceAll("\\", "/");
  const forms = [path, ...[path, slashed].flatMap((form) => [form, form.normalize("NFC"), form.normalize("NFD")])];
  for (const form of new Set(forms)) {
    const isThere = await stat(form).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isThere) return form;
  }
  return undefined;
}

/** How many files are looked for at a time. */
const atOnce = 64;

/** `presentFile` of many paths, each looked for once. @returns the files that are there, by the paths that mean them */
export async function presentFiles(paths: Iterable<string>): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const distinct = [...new Set(paths)];
  for (let i = 0; i < distinct.length; i += atOnce) {
    const part = distinct.slice(i, i + atOnce);
    const found = await Promise.all(part.map(presentFile));
    for (const [k, file] of found.entries()) if (file !== undefined) files.set(part[k]!, file);
  }
  return files;
}
