import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of this package: the nearest one above this file with a `package.json`; undefined where there is none. */
export async function packageFolder(): Promise<string | undefined> {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const isPackage = await readFile(join(folder, "package.json")).then(
      () => true,
      () => false,
    );
    if (isPackage) return folder;
  }
  return undefined;
}
