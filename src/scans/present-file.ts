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
