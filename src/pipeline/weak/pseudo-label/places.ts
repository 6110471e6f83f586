import { sep } from "node:path";
import { ConfigError } from "../../../errors.ts";
import { realPath } from "../../../files/real-path.ts";

/** @throws ConfigError when results would lie among the images: the next run would take them for images */
export async function refuseInside(inputs: readonly string[], out: string): Promise<void> {
  const place = await realPath(out);
  for (const input of inputs) {
    const folder = await realPath(input);
    if (place !== folder && !place.startsWith(folder + sep)) continue;
    throw new ConfigError(
      `--out "${out}" lies in the folder of the images, "${input}": the next run would take its results for images. Choose a folder beside it.`,
    );
  }
}
