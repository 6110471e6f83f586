import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, InputError } from "../../errors.ts";
import type { Mask, SaliencyMap } from "../../image/types.ts";
import { frameName } from "../../results/png-scan.ts";
import type { ScanResult } from "../../results/scan-writer.ts";
import { readGray } from "../../scans/read-gray.ts";
import { readMask } from "../../scans/read-mask.ts";
import type { Scan } from "../../scans/scan.ts";
import { namedTargets, type Target, unnamedTarget } from "../../targets/target.ts";

/** Masks in a folder, and what was noticed while they were read. */
export interface FolderMasks extends ScanResult {
  /** Grows as masks are read; each message once. */
  readonly warnings: ReadonlySet<string>;
}

export interface MaskFolderOptions {
  /** Targets in their order; none: all by name. */
  readonly targets: readonly string[];
  /** Whether gray levels are probabilities. */
  readonly fractional: boolean;
}

/**
 * The masks of a scan in a folder: `masks_TARGET/0001.png` ..., or `masks/0001.png` ... of a single target. A frame without a file is empty.
 *
 * @throws ConfigError when there are no masks, or none of a target
 * @throws InputError when a file has a number that the scan does not
 */
export async function masksIn(folder: string, scan: Scan, { targets, fractional }: MaskFolderOptions): Promise<FolderMasks> {
  const places = await placesIn(folder, targets);
  const present = new Map<Target, ReadonlySet<string>>();
  for (const [target, place] of places) present.set(target, await framesIn(join(folder, place), scan));
  const warnings = new Set<string>();
  const fileOf = (target: Target, frame: number) => {
    const name = `${frameName(frame)}.png`;
    return present.get(target)!.has(name) ? join(folder, places.get(target)!, name) : undefined;
  };
  const image = { width: scan.columns, height: scan.rows, file: scan.frames[0]!.file };
  const probabilityOf = async (target: Target, frame: number): Promise<SaliencyMap | undefined> => {
    const file = fileOf(target, frame);
    if (file === undefined) return undefined;
    const gray = await readGray(file);
    if (gray.width !== image.width || gray.height !== image.height)
      throw new InputError(
        `"${file}" has ${gray.width} x ${gray.height} pixels, the frames of "${scan.name}" ${image.width} x ${image.height}; a mask must have the size of its image`,
      );
    return { ...gray, data: Float32Array.from(gray.data, (level) => level / 255) };
  };
  const maskOf = async (target: Target, frame: number): Promise<Mask | undefined> => {
    if (fractional) {
      const map = await probabilityOf(target, frame);
      return map && { ...map, data: Uint8Array.from(map.data, (p) => (p >= 0.5 ? 1 : 0)) };
    }
    const file = fileOf(target, frame);
    if (file === undefined) return undefined;
    const { mask, warnings: own } = await readMask(file, { image });
    for (const warning of own) warnings.add(warning);
    return mask;
  };
  return { scan, targets: [...places.keys()], models: [], warnings, maskOf, ...(fractional && { probabilityOf }) };
}

/** The folder of each target, in their order. */
async function placesIn(folder: string, wanted: readonly string[]): Promise<Map<Target, string>> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found = new Map(names.flatMap((name) => (/^masks_./.test(name) ? [[name.slice("masks_".length), name] as const] : [])));
  const single = names.includes("masks") ? "masks" : undefined;
  if (found.size === 0 && single === undefined)
    throw new ConfigError(`"${folder}" has neither a folder "masks" nor "masks_TARGET". Give the folder that holds them.`);
  if (found.size === 0) {
    if (wanted.length > 1) throw new ConfigError(`--targets names ${wanted.length} targets, but "${folder}" has masks of one, in "masks".`);
    const [target] = wanted.length === 1 ? targetsOf(wanted) : [unnamedTarget([])];
    return new Map([[target!, single!]]);
  }
  const missing = wanted.find((name) => !found.has(name));
  if (missing !== undefined)
    throw new ConfigError(
      `--targets "${missing}": "${folder}" has no folder "masks_${missing}". It has masks of ${[...found.keys()].join(", ")}.`,
    );
  const order = wanted.length > 0 ? wanted : [...found.keys()].sort();
  return new Map(targetsOf(order).map((target) => [target, found.get(target.name!)!]));
}

/** Masks that exist were made with prompts that are not known here. */
const targetsOf = (names: readonly string[]): Target[] => namedTargets(new Map(names.map((name) => [name, []])), "--targets");

/** The names of the masks of frames. */
async function framesIn(folder: string, scan: Scan): Promise<ReadonlySet<string>> {
  const names = (await readdir(folder)).filter((name) => /^\d+\.png$/.test(name));
  const last = scan.frames.length;
  const surplus = names.find((name) => Number.parseInt(name, 10) < 1 || Number.parseInt(name, 10) > last);
  if (surplus !== undefined)
    throw new InputError(
      `"${join(folder, surplus)}": the source "${scan.name}" has ${last} frames, numbered from ${frameName(0)} to ${frameName(last - 1)}.`,
    );
  if (names.length === 0)
    throw new InputError(`"${folder}" has no masks: expected files such as ${frameName(0)}.png, named by the number of the frame.`);
  return new Set(names);
}
