import { basename, join } from "node:path";
import { ConfigError } from "../errors.ts";
import type { ImageInput } from "../scans/list-images.ts";
import { folderOf, type Target } from "../targets/target.ts";

/** Sub-folders of a run's output that hold a file for each target and image. */
export type TargetFolder = "saliency" | "coarse" | "masks" | "raw";

/** Where the results of an image lie. */
export interface ResultPlace {
  /** The output folder. */
  readonly out: string;
  /** Of the image, "/" between folders. */
  readonly name: string;
  /** All targets of the run, which decide on the names of folders. */
  readonly all: readonly Target[];
}

/** The file of one target's result. */
export function targetFile(folder: TargetFolder, target: Target, { out, name, all }: ResultPlace): string {
  return join(out, folderOf(folder, target, all), `${name}.${folder === "raw" ? "safetensors" : "png"}`);
}

/** The picture of an image's targets together. */
export function sharedFile(folder: "labels" | "overlay", { out, name }: Pick<ResultPlace, "out" | "name">): string {
  return join(out, folder, `${name}.png`);
}

/** Bytes that file systems take in the name of a file. */
const longestName = 255;

/**
 * Refuses images whose results no file system could hold, before any work.
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
      `"${file}": the name of its result, with "${end}", would have ${bytes} bytes, and file systems take ${longestName}. Rename it${raw ? ", or leave out --raw" : ""}.`,
    );
  }
}
