import { open } from "node:fs/promises";
import { InputError } from "../errors.ts";
import { read } from "../files/tar.ts";
import type { Image } from "../image/index.ts";
import { decodeImage } from "../scans/decode-image.ts";
import { type ImagePlace, imageName } from "./pairs.ts";

/**
 * The image of a pair as 8-bit RGB.
 *
 * @param mode - how 16-bit gray becomes 8 bits; see `decodeImage`
 * @throws InputError when it is missing or cannot be decoded
 */
export async function decodePair(image: ImagePlace, mode: "paper" | "reference"): Promise<Image> {
  if ("file" in image) return (await decodeImage(image.file, { mode })).image;
  const name = imageName(image);
  return (await decodeImage({ name, bytes: await memberBytes(image, name) }, { mode })).image;
}

async function memberBytes({ archive, offset, length }: Extract<ImagePlace, { archive: string }>, name: string): Promise<Uint8Array> {
  try {
    const handle = await open(archive);
    try {
      return await read(handle, offset, length);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new InputError(`"${name}" cannot be read: ${(cause as Error).message}`, { cause });
  }
}
