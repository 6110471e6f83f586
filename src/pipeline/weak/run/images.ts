import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { concernsOneInput, throwIfCancelled } from "../../../errors.ts";
import type { Mask } from "../../../image/index.ts";
import { writeGray } from "../../../results/png.ts";
import { decodeImage } from "../../../scans/decode-image.ts";
import { listImages, sideOf } from "../../../scans/list-images.ts";
import { countOf, joinByName } from "../../../scans/names.ts";
import { readMask } from "../../../scans/read-mask.ts";
import type { Mode } from "../../settings.ts";
import { writeCaseImage } from "../pseudo-label/dataset.ts";
import { type FlatImage, flatImages } from "../pseudo-label/names.ts";

/** Problems with single files. */
export interface Unread {
  readonly name: string;
  readonly message: string;
}

/** Writes images as the network reads them: OUT/NAME_0000.png. Those of an earlier run that are not among them are removed. */
export async function writeCaseImages(
  images: readonly FlatImage[],
  folder: string,
  { isGray, mode, signal }: { readonly isGray: boolean; readonly mode: Mode; readonly signal?: AbortSignal | undefined },
): Promise<Unread[]> {
  await mkdir(folder, { recursive: true });
  const unread: Unread[] = [];
  const written = new Set<string>();
  for (const { name, file } of images) {
    throwIfCancelled(signal);
    try {
      const { image } = await decodeImage(file, { mode });
      await writeCaseImage(join(folder, `${name}_0000.png`), image, isGray);
      written.add(`${name}_0000.png`);
    } catch (error) {
      if (!concernsOneInput(error)) throw error;
      unread.push({ name, message: (error as Error).message });
    }
  }
  for (const file of await readdir(folder)) if (!written.has(file)) await rm(join(folder, file));
  return unread;
}

/** The images of some paths by flat names. */
export async function imagesAt(paths: readonly string[], out: string): Promise<FlatImage[]> {
  return flatImages((await listImages(paths, { out })).inputs);
}

/** True masks of images. */
export interface TrueMasks {
  readonly count: number;
  /** Null for an image without one. @throws InputError when it cannot be read */
  readonly of: (image: FlatImage) => Promise<Mask | null>;
  readonly warnings: readonly string[];
}

/** Finds the true masks of images in a folder, by their names. @throws ConfigError when a name is ambiguous */
export async function trueMasks(images: readonly FlatImage[], folder: string): Promise<TrueMasks> {
  const { inputs } = await listImages([folder]);
  const { rightOf, lonelyLeft } = joinByName(sideOf(images, "image"), sideOf(inputs, "mask"), { bare: "either" });
  const files = new Map([...rightOf].map(([image, mask]) => [image.name, mask.file]));
  const missing = lonelyLeft.length;
  return {
    count: files.size,
    warnings: missing > 0 ? [`${countOf(missing, "image")} without a true mask in "${folder}": not compared`] : [],
    of: async ({ name }) => {
      const file = files.get(name);
      return file !== undefined && existsSync(file) ? (await readMask(file)).mask : null;
    },
  };
}

/** Writes true masks as label maps NAME.png. @returns the images that have one */
export async function writeLabelMaps(
  images: readonly FlatImage[],
  masks: TrueMasks,
  folder: string,
  signal?: AbortSignal,
): Promise<FlatImage[]> {
  await mkdir(folder, { recursive: true });
  const written: FlatImage[] = [];
  for (const image of images) {
    throwIfCancelled(signal);
    const mask = await masks.of(image);
    if (!mask) continue;
    const { width, height, data } = mask;
    await writeGray(join(folder, `${image.name}.png`), { width, height, data: Uint8Array.from(data) });
    written.push(image);
  }
  return written;
}
