import { oncePerKey } from "../once.ts";
import { backOnOrigin } from "../scans/resliced.ts";
import type { CutScan, Scan } from "../scans/scan.ts";
import type { Target } from "../targets/target.ts";
import type { ScanResult } from "./scan-writer.ts";

/** Whether the slices of a scan were cut from another one. */
const isCut = (scan: Scan): scan is CutScan => scan.cut !== undefined;

/**
 * The masks of a scan in the geometry of its input: those of slices that were cut from another scan on the frames of that one, under the name of
 * the results; others as they are. While they are used, masks of cut slices take one byte a voxel and target, probabilities another one.
 */
export function inOrigin(result: ScanResult): ScanResult {
  const { scan, targets, maskOf, probabilityOf } = result;
  if (!isCut(scan)) return result;
  const { origin } = scan.cut;
  const size = { width: origin.columns, height: origin.rows };
  const framesOf = (levelsOf: (target: Target, slice: number) => Promise<Uint8Array | undefined>) => {
    const kept = oncePerKey<(frame: number) => Uint8Array | undefined>(targets.length);
    return async (target: Target, frame: number) => {
      const frames = await kept(target.name ?? "", () => backOnOrigin(scan, (slice) => levelsOf(target, slice)));
      return frames(frame);
    };
  };
  const masks = framesOf(async (target, slice) => (await maskOf(target, slice))?.data);
  const levels =
    probabilityOf &&
    framesOf(async (target, slice) => {
      const map = await probabilityOf(target, slice);
      return map && Uint8Array.from(map.data, (p) => Math.round(255 * p));
    });
  return {
    ...result,
    scan: { ...origin, name: scan.name },
    async maskOf(target, frame) {
      const data = await masks(target, frame);
      return data && { ...size, data };
    },
    ...(levels && {
      async probabilityOf(target, frame) {
        const data = await levels(target, frame);
        return data && { ...size, data: Float32Array.from(data, (level) => level / 255) };
      },
    }),
  };
}
