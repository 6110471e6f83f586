import type { Item } from "../../../run/items.ts";
import type { Scan } from "../../../scans/scan.ts";
import type { Target } from "../../../targets/target.ts";
import type { TargetItem } from "../images/items.ts";

/** A scan whose frames are images of the run: what is made of their masks together. It is done after them. */
export interface ScanItem extends Item {
  readonly scan: Scan;
  /** The frames that the run segments, in slice order. */
  readonly frames: readonly TargetItem[];
  /** The targets of any of them, in the order of the run. */
  readonly lookFor: readonly Target[];
}

/** Whether an item is a scan. */
export const isScan = (item: TargetItem | ScanItem): item is ScanItem => "scan" in item;

/**
 * The images of a run with each scan of several frames behind its last one.
 *
 * @param outputs - files that exist when a scan is finished
 */
export function withScans(
  items: readonly TargetItem[],
  outputs: (scan: Omit<ScanItem, "outputs">) => readonly string[],
): (TargetItem | ScanItem)[] {
  const all: (TargetItem | ScanItem)[] = [];
  let frames: TargetItem[] = [];
  for (const [i, item] of items.entries()) {
    all.push(item);
    const scan = scanOf(item);
    if (!scan) continue;
    frames.push(item);
    const next = items[i + 1];
    if (next && scanOf(next) === scan) continue;
    const whole = scanItem(scan, frames);
    all.push({ ...whole, outputs: outputs(whole) });
    frames = [];
  }
  return all;
}

/** Whether an image is a scan of one frame, whose results in other formats are written with it. */
export const isAlone = (item: TargetItem | ScanItem): item is TargetItem => !isScan(item) && item.image.frame?.scan.frames.length === 1;

/** The scan of an image; undefined for a picture, and for a scan of one frame, which is done with it. */
function scanOf({ image: { frame } }: TargetItem): Scan | undefined {
  return frame && frame.scan.frames.length > 1 ? frame.scan : undefined;
}

/** A scan with the frames of it that are segmented. */
export function scanItem(scan: Scan, frames: readonly TargetItem[]): Omit<ScanItem, "outputs"> {
  const { whole } = frames[0]!.image.frame!;
  const lookFor = frames.flatMap((frame) => frame.lookFor);
  const targets = [...new Map(lookFor.map((target) => [target.name, target])).values()];
  const sentencesOf = ({ name }: Target) => [...new Set(lookFor.flatMap((target) => (target.name === name ? target.sentences : [])))];
  const [only] = targets;
  return {
    name: whole.name,
    file: whole.file,
    inputs: [...new Set(frames.flatMap(({ inputs }) => inputs))],
    scan,
    frames,
    lookFor: targets,
    ...(only && only.name === undefined
      ? { prompt: sentencesOf(only) }
      : { targets: Object.fromEntries(targets.map((target) => [target.name!, sentencesOf(target)])) }),
  };
}
