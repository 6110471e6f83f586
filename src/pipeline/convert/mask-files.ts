import { readdir } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { addTo } from "../../add-to.ts";
import { ConfigError, InputError } from "../../errors.ts";
import { frameName } from "../../results/png-scan.ts";
import { pathWithoutEnding } from "../../scans/list-images.ts";
import type { Scan } from "../../scans/scan.ts";

/** A file that is named by the number of its frame. */
const numbered = /^\d+\.png$/;

/**
 * The mask files of a target by the index of their frame: `0001.png` ... in its folder. If there are none, as in an output folder of `segment`,
 * `NAME/0001.png` ... below it, or `NAME.png` for a source of one frame, where NAME is that of the scan or of its file, in any folder.
 *
 * @throws ConfigError when none or several of the images with masks have the name
 * @throws InputError when there are none, or a file has a number that the scan does not
 */
export async function maskFiles(folder: string, scan: Scan): Promise<ReadonlyMap<number, string>> {
  const own = (await readdir(folder)).filter((name) => numbered.test(name));
  if (own.length > 0) return byFrame(folder, own, scan);
  const { slices, pictures } = await imagesBelow(folder);
  const isSingle = scan.frames.length === 1;
  const found = new Map<string, string | readonly string[]>([...(isSingle ? pictures : []), ...slices]);
  if (found.size === 0)
    throw new InputError(
      `"${folder}" has no masks of "${scan.name}": expected files such as ${frameName(0)}.png, named by the number of the frame.`,
    );
  const files = found.get(nameIn([...found.keys()].sort(), folder, scan))!;
  return typeof files === "string" ? new Map([[0, files]]) : byFrame(folder, files, scan);
}

/** Numbered files by the index of their frame. @param names - below the folder */
function byFrame(folder: string, names: readonly string[], scan: Scan): Map<number, string> {
  const last = scan.frames.length;
  const files = new Map(names.map((name) => [Number.parseInt(basename(name), 10) - 1, join(folder, name)]));
  const surplus = [...files].find(([index]) => index < 0 || index >= last);
  if (surplus === undefined) return files;
  throw new InputError(
    `"${surplus[1]}": the source "${scan.name}" has ${last} frames, numbered from ${frameName(0)} to ${frameName(last - 1)}.`,
  );
}

/** Masks of several images below a folder, by the names of the images: the numbered files of each, and single files. */
async function imagesBelow(folder: string) {
  const slices = new Map<string, string[]>();
  const pictures = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".png")) continue;
    const place = relative(folder, entry.parentPath).split(sep).filter(Boolean);
    if (place.length > 0 && numbered.test(entry.name)) addTo(slices, place.join("/"), join(...place, entry.name));
    else pictures.set([...place, entry.name.slice(0, -".png".length)].join("/"), join(folder, ...place, entry.name));
  }
  return { slices, pictures };
}

/** Which of some names is that of a scan. @throws ConfigError when that cannot be told */
function nameIn(names: readonly string[], folder: string, scan: Scan): string {
  const wanted = [scan.name, pathWithoutEnding({ path: basename(scan.frames[0]!.file) })];
  const matches = [
    names.filter((name) => wanted.includes(name)),
    names.filter((name) => wanted.some((own) => basename(name) === basename(own))),
  ].find((some) => some.length > 0);
  if (matches?.length === 1) return matches[0]!;
  throw new ConfigError(
    `"${folder}" has masks by the names of their images, and ${matches ? `${matches.length} have the name` : "none has the name"} of the source, "${scan.name}": ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", ..." : ""}. Move those that are meant into a folder of their own, as masks/${frameName(0)}.png ...`,
  );
}
