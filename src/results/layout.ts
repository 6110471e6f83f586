import { basename, join } from "node:path";
import { ConfigError } from "../errors.ts";
import type { ImageInput } from "../scans/list-images.ts";
import { folderOf, type Target } from "../targets/target.ts";

/** Sub-folders of a run's output that hold a file for each target and image. */
export type TargetFolder = "saliency" | "coarse" | MaskFolder | "probabilities" | "raw";

/** Folders of masks: the results, and those of single slices before their volume is made consistent. */
export type MaskFolder = "masks" | "slices";

/** Location of the results of an image. */
export interface ResultPlace {
  /** The output folder. */
  readonly out: string;
  /** Name of the image, with "/" between folders. */
  readonly name: string;
  /** All targets of the run, which determine the folder names. */
  readonly all: readonly Target[];
}

/** The file of one target's result. */
export function targetFile(folder: TargetFolder, target: Target, { out, name, all }: ResultPlace): string {
  return join(out, folderOf(folder, target, all), `${name}.${folder === "raw" ? "safetensors" : "png"}`);
}

/** The image of all targets together. */
export function sharedFile(folder: "labels" | "overlay", { out, name }: Pick<ResultPlace, "out" | "name">): string {
  return join(out, folder, `${name}.png`);
}

/** Largest file name in bytes. */
const longestName = 255;

/**
 * Rejects images whose result names are too long for file systems, before any work.
 *
 * @param raw - whether arrays are written, too, whose files have the longest names
 * @throws ConfigError that names the first of them
 */
export function requireWritableNames(images: readonly ImageInput[], raw: boolean): void {
  const end = raw ? ".safetensors" : ".png";
  for (const { file, name } of images) {
    const bytes = new TextEncoder().encode(`${basename(name)}${end}`).length;
    if (bytes <= longestName) continue;
    throw new ConfigError(
      `"${file}": the name of its result, with "${end}", would have ${bytes} bytes; file systems allow ${longestName}. Rename it${raw ? ", or leave out --raw" : ""}.`,
    );
  }
}
