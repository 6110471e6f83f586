import type { Target } from "../targets/target.ts";
import type { ScanResult } from "./scan-writer.ts";

/** The masks of a scan as one value a voxel: 0, or the number of a target from 1. */
export interface LabelVolume {
  /** [frames, rows, columns], the columns fastest. */
  readonly labels: Uint8Array;
  /** The first two targets that share a voxel; their values would hide one another. */
  readonly overlap: readonly [Target, Target] | undefined;
  /** Targets without a voxel. */
  readonly empty: readonly Target[];
}

/** Collects the masks of a scan, or of some of its targets. Where targets overlap the first one counts. */
export async function labelVolume({ scan, maskOf }: ScanResult, targets: readonly Target[]): Promise<LabelVolume> {
  const size = scan.rows * scan.columns;
  const labels = new Uint8Array(scan.frames.length * size);
  const present = new Set<Target>();
  let overlap: LabelVolume["overlap"];
  for (let frame = 0; frame < scan.frames.length; frame++) {
    for (const [i, target] of targets.entries()) {
      const data = (await maskOf(target, frame))?.data;
      for (let k = 0, at = frame * size; k < (data?.length ?? 0); k++, at++) {
        if (data![k] === 0) continue;
        present.add(target);
        if (labels[at] === 0) labels[at] = i + 1;
        else overlap ??= [targets[labels[at]! - 1]!, target];
      }
    }
  }
  return { labels, overlap, empty: targets.filter((target) => !present.has(target)) };
}
