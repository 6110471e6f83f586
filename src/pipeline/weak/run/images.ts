import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { concernsOneInput, InputError, throwIfCancelled } from "../../../errors.ts";
import type { Mask, Size } from "../../../image/index.ts";
import { listed } from "../../../listed.ts";
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
): Promise<{ readonly unread: Unread[]; readonly sizes: ReadonlyMap<string, Size> }> {
  const sizes = new Map<string, Size>();
  await mkdir(folder, { recursive: true });
  const unread: Unread[] = [];
  const written = new Set<string>();
  for (const { name, file } of images) {
    throwIfCancelled(signal);
    try {
      const { image } = await decodeImage(file, { mode });
      await writeCaseImage(join(folder, `${name}_0000.png`), image, isGray);
      written.add(`${name}_0000.png`);
      sizes.set(name, image);
    } catch (error) {
      if (!concernsOneInput(error)) throw error;
      unread.push({ name, message: (error as Error).message });
    }
  }
  for (const file of await readdir(folder)) if (!written.has(file)) await rm(join(folder, file));
  return { unread, sizes };
}

/** The images of some paths by flat names. */
export async function imagesAt(paths: readonly string[], out: string): Promise<FlatImage[]> {
  return flatImages((await listImages(paths, { out })).inputs);
}

/** True masks of images. */
export interface TrueMasks {
  readonly count: number;
  /** Null for an image without one. @throws InputError when it cannot be read, or has another size than the image */
  readonly of: (image: FlatImage) => Promise<Mask | null>;
  readonly warnings: readonly string[];
}

/** Finds the true masks of images in a folder, by their names. @param sizes - of the images, where they are known. @throws ConfigError when a name is ambiguous */
export async function trueMasks(images: readonly FlatImage[], folder: string, sizes?: ReadonlyMap<string, Size>): Promise<TrueMasks> {
  const { inputs } = await listImages([folder]);
  const { rightOf, lonelyLeft } = joinByName(sideOf(images, "image"), sideOf(inputs, "mask"), { bare: "either" });
  const files = new Map([...rightOf].map(([image, mask]) => [image.name, mask.file]));
  const missing = lonelyLeft.length;
  return {
    count: files.size,
    warnings:
      missing > 0
        ? [`${countOf(missing, "image")} without a true mask in "${folder}", not compared: ${listed(lonelyLeft, 3, ({ name }) => name)}`]
        : [],
    of: async ({ name }) => {
      const file = files.get(name);
      if (file === undefined || !existsSync(file)) return null;
      const { mask } = await readMask(file);
      const size = sizes?.get(name) ?? mask;
      if (size.width === mask.width && size.height === mask.height) return mask;
      throw new InputError(
        `"${file}" has ${mask.width} x ${mask.height} pixels, the image ${size.width} x ${size.height}; they must be equal, so it is not compared.`,
      );
    },
  };
}

/** Writes true masks as label maps NAME.png. @returns the images that have one, and masks that cannot be used */
export async function writeLabelMaps(
  images: readonly FlatImage[],
  masks: TrueMasks,
  folder: string,
  signal?: AbortSignal,
): Promise<{ readonly written: FlatImage[]; readonly unread: Unread[] }> {
  await mkdir(folder, { recursive: true });
  const written: FlatImage[] = [];
  const unread: Unread[] = [];
  for (const image of images) {
    throwIfCancelled(signal);
    const mask = await masks.of(image).catch((error: unknown) => {
      if (!concernsOneInput(error)) throw error;
      unread.push({ name: image.name, message: error.message });
      return null;
    });
    if (!mask) continue;
    const { width, height, data } = mask;
    await writeGray(join(folder, `${image.name}.png`), { width, height, data: Uint8Array.from(data) });
    written.push(image);
  }
  return { written, unread };
}
