import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, InputError } from "../../errors.ts";
import type { Mask, SaliencyMap } from "../../image/types.ts";
import type { ScanResult } from "../../results/scan-writer.ts";
import { readGray } from "../../scans/read-gray.ts";
import { readMask } from "../../scans/read-mask.ts";
import type { Scan } from "../../scans/scan.ts";
import { namedTargets, type Target, unnamedTarget } from "../../targets/target.ts";
import { maskFiles } from "./mask-files.ts";

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
 * The masks of a scan in a folder: `masks_TARGET/0001.png` ..., or `masks/0001.png` ... of a single target. A frame without a file is empty. Of
 * an output folder of `segment`, in which masks of several images can be, those of the scan are taken by its name, and its probabilities where
 * gray levels are to be probabilities.
 *
 * @throws ConfigError when there are no masks, or none of a target
 * @throws InputError when a file has a number that the scan does not
 */
export async function masksIn(folder: string, scan: Scan, { targets, fractional }: MaskFolderOptions): Promise<FolderMasks> {
  const places = await placesIn(folder, targets, fractional);
  const files = new Map<Target, ReadonlyMap<number, string>>();
  for (const [target, place] of places) files.set(target, await maskFiles(join(folder, place), scan));
  const warnings = new Set<string>();
  const fileOf = (target: Target, frame: number) => files.get(target)!.get(frame);
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
async function placesIn(folder: string, wanted: readonly string[], fractional: boolean): Promise<Map<Target, string>> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const isProbable = (name: string) => name === "probabilities" || name.startsWith("probabilities_");
  const kind = fractional && names.some(isProbable) ? "probabilities" : "masks";
  const prefix = `${kind}_`;
  const found = new Map(
    names.flatMap((name) => (name.startsWith(prefix) && name !== prefix ? [[name.slice(prefix.length), name] as const] : [])),
  );
  const single = names.includes(kind) ? kind : undefined;
  if (found.size === 0 && single === undefined)
    throw new ConfigError(`"${folder}" has neither a folder "masks" nor "masks_TARGET". Give the folder that holds them.`);
  if (found.size === 0) {
    if (wanted.length > 1)
      throw new ConfigError(`--targets names ${wanted.length} targets, but "${folder}" has masks of one, in "${kind}".`);
    const [target] = wanted.length === 1 ? targetsOf(wanted) : [unnamedTarget([])];
    return new Map([[target!, single!]]);
  }
  const missing = wanted.find((name) => !found.has(name));
  if (missing !== undefined)
    throw new ConfigError(
      `--targets "${missing}": "${folder}" has no folder "${prefix}${missing}". It has masks of ${[...found.keys()].join(", ")}.`,
    );
  const order = wanted.length > 0 ? wanted : [...found.keys()].sort();
  return new Map(targetsOf(order).map((target) => [target, found.get(target.name!)!]));
}

/** Masks that exist were made with prompts that are not known here. */
const targetsOf = (names: readonly string[]): Target[] => namedTargets(new Map(names.map((name) => [name, []])), "--targets");
