import { ConfigError } from "../../../errors.ts";
import type { ImageInput } from "../../../scans/list-images.ts";

/** An image by a name without folders, as data sets of nnU-Net have none. */
export interface FlatImage extends ImageInput {
  /** The name with its folders, by which results of other commands are found. */
  readonly nested: string;
}

/** Images by flat names: "a/b.png" is a__b. @throws ConfigError when two names become one */
export function flatImages(inputs: readonly ImageInput[]): FlatImage[] {
  const files = new Map<string, string>();
  return inputs.map((input) => {
    const name = input.name.replaceAll("/", "__");
    const other = files.get(name);
    if (other !== undefined) throw new ConfigError(`"${other}" and "${input.file}" would both be named "${name}". Rename one.`);
    files.set(name, input.file);
    return { ...input, name, nested: input.name };
  });
}
