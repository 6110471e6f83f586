import { realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { ConfigError } from "../../../errors.ts";

/** @throws ConfigError when results would lie among the images: the next run would take them for images */
export async function refuseInside(inputs: readonly string[], out: string): Promise<void> {
  const place = await whole(out);
  for (const input of inputs) {
    const folder = await whole(input);
    if (place !== folder && !place.startsWith(folder + sep)) continue;
    throw new ConfigError(
      `--out "${out}" lies in the folder of the images, "${input}": the next run would take its results for images. Choose a folder beside it.`,
    );
  }
}

/** The path without links, of as much as exists. */
async function whole(path: string): Promise<string> {
  const full = resolve(path);
  return await realpath(full).catch(() => full);
}
