import { InputError } from "../../../errors.ts";
import { areaPx, type Image, type Mask, type MaskStack, setSlice, sliceOf } from "../../../image/index.ts";
import { sharedFile, targetFile } from "../../../results/layout.ts";
import { writeGray, writeMask } from "../../../results/png.ts";
import { resultWriters } from "../../../results/writers.ts";
import { isWritten } from "../../../run/input-files.ts";
import type { Outcome } from "../../../run/items.ts";
import { type ImageRecord, readRuns, type TargetRecord } from "../../../run/record/record.ts";
import { decodeInput } from "../../../scans/decode-image.ts";
import { countOf } from "../../../scans/names.ts";
import { readGray } from "../../../scans/read-gray.ts";
import { readMask } from "../../../scans/read-mask.ts";
import type { Scan } from "../../../scans/scan.ts";
import type { View } from "../../../scans/sources/image-source.ts";
import { levelsWithin } from "../../../segment/index.ts";
import { labelOf, type Target } from "../../../targets/target.ts";
import { measuresOf, sideMismatch } from "../../../volume/index.ts";
import { type FoundTarget, outcomeOf, streamName, type TargetItem } from "../images/items.ts";
import type { SegmentSettings } from "../settings/commands.ts";
import { isMadeConsistent } from "../settings/scans.ts";
import type { RefineStep } from "../steps/refine-step.ts";
import { consistent } from "./consistent.ts";
import type { ScanItem } from "./scan-items.ts";

/** The masks of a target in a scan. */
interface StackOfTarget {
  readonly target: Target;
  readonly stack: MaskStack;
  /** Slices whose mask is not that of the slice alone; undefined where the volume was not made consistent. */
  readonly changed: ReadonlySet<number> | undefined;
}

/** Last step of `segment` for a scan of several frames: its masks together, from those of its slices. */
export class ScanStep {
  private readonly refine: RefineStep;
  private readonly settings: SegmentSettings;
  private readonly view: View;
  private readonly all: readonly Target[];
  private readonly signal: AbortSignal | undefined;

  constructor(
    refine: RefineStep,
    settings: SegmentSettings,
    options: { readonly view: View; readonly all: readonly Target[]; readonly signal?: AbortSignal | undefined },
  ) {
    this.refine = refine;
    this.settings = settings;
    this.view = options.view;
    this.all = options.all;
    this.signal = options.signal;
  }

  /** Files that exist when a scan is finished. */
  filesOf({ scan, frames }: Pick<ScanItem, "scan" | "frames">): string[] {
    if (!isMadeConsistent(scan, this.settings)) return [];
    return frames.flatMap(({ name, lookFor }) => resultWriters.png.filesOf({ out: this.settings.out, name, all: this.all }, lookFor));
  }

  /** @throws InputError when a slice has no mask, as what is made of the others would be silently incomplete */
  async run(item: ScanItem): Promise<Outcome> {
    const { scan, frames, lookFor } = item;
    await this.requireMasks(item);
    const isConsistent = isMadeConsistent(scan, this.settings);
    // Read only where it is asked for how sure the models are, and what a calibration found absent: the record of a long run takes a while.
    const { propagate, calibration, out } = this.settings;
    const records: ReadonlyMap<string, ImageRecord> =
      isConsistent && (propagate || calibration !== undefined) ? (await readRuns(out)).images : new Map();
    const found: (FoundTarget & StackOfTarget)[] = [];
    for (const target of lookFor) {
      const own = await this.stackOf(frames, target, scan);
      const confidences = frames.map(({ name }) => confidenceOf(records.get(name), target));
      const { stack, warnings } = isConsistent
        ? await consistent(own, confidences, this.predictor(frames), { ...this.settings, signal: this.signal })
        : { stack: own, warnings: [] };
      for (const [slice, { name }] of frames.entries())
        if (isJudgedAbsent(records.get(name), target)) setSlice(stack, slice, sliceOf(own, slice));
      const changed = isConsistent ? changedSlices(own, stack) : undefined;
      found.push({ target, stack, changed, warnings, ...describe(stack, scan, frames, changed?.size) });
    }
    const sided = found.map(({ target, stack }) => ({ name: target.name ?? "the target", sentences: target.sentences, stack }));
    const { affine } = scan;
    const targets = found.map(({ warnings, ...one }, i) => {
      const side = affine && sideMismatch(sided[i]!, { affine, others: sided.filter((_, k) => k !== i) });
      return { ...one, warnings: side === undefined ? warnings : [...warnings, side] };
    });
    if (isConsistent) await this.write(frames, found);
    const outcome = outcomeOf(targets);
    return { ...outcome, record: { file: item.file, frames: frames.length, ...outcome.record } };
  }

  private async requireMasks({ name, scan, frames }: ScanItem): Promise<void> {
    const isThere = await Promise.all(
      frames.map(async (frame) => (await Promise.all(this.masksOf(frame, scan).map(isWritten))).every(Boolean)),
    );
    const missing = frames.filter((_, i) => !isThere[i]);
    if (missing.length === 0) return;
    throw new InputError(
      `"${name}": ${countOf(missing.length, "slice")} of ${frames.length} could not be segmented (${missing[0]!.name}${missing.length > 1 ? ", ..." : ""}), so nothing was made of the scan as a whole. Mend these files, or leave the slices out with --slices.`,
    );
  }

  private masksOf({ name, lookFor }: TargetItem, scan: Scan): string[] {
    const folder = isMadeConsistent(scan, this.settings) ? "slices" : "masks";
    return lookFor.map((target) => targetFile(folder, target, { out: this.settings.out, name, all: this.all }));
  }

  /** The masks of one target as the slices gave them. A slice that is not asked for it has an empty one. */
  private async stackOf(frames: readonly TargetItem[], target: Target, scan: Scan): Promise<MaskStack> {
    const { rows, columns } = scan;
    const stack = { slices: frames.length, rows, columns, data: new Uint8Array(frames.length * rows * columns) };
    for (const [slice, frame] of frames.entries()) {
      const at = frame.lookFor.findIndex(({ name }) => name === target.name);
      if (at < 0) continue;
      const { mask } = await readMask(this.masksOf(frame, scan)[at]!, { image: { width: columns, height: rows, file: frame.name } });
      setSlice(stack, slice, mask);
    }
    return stack;
  }

  /** Segments a slice again, with the mask of its neighbour in place of the coarse mask. */
  private predictor(frames: readonly TargetItem[]) {
    return async (slice: number, mask: Mask) => {
      const { image: input } = frames[slice]!;
      const { image } = await decodeInput(input, this.view);
      const [refined] = await this.refine.run(image, [{ coarse: mask, isAbsent: false }], streamName(input), {});
      return { mask: refined!.mask, score: refined!.scores.length > 0 ? Math.max(...refined!.scores) : 0 };
    };
  }

  /** Writes the final masks of each slice, and of changed ones its overlay and label image with them. */
  private async write(frames: readonly TargetItem[], found: readonly StackOfTarget[]): Promise<void> {
    for (const [slice, { name, image: input, lookFor }] of frames.entries()) {
      const place = { out: this.settings.out, name, all: this.all };
      const own = found.filter(({ target }) => lookFor.some((one) => one.name === target.name));
      if (!own.some(({ changed }) => changed?.has(slice))) {
        for (const { target, stack } of own) await writeMask(targetFile("masks", target, place), sliceOf(stack, slice));
        continue;
      }
      const { image } = await decodeInput(input, this.view);
      const targets = [];
      for (const { target, stack } of own) {
        const { mask: coarse } = await readMask(targetFile("coarse", target, place));
        const saliency = await readGray(targetFile("saliency", target, place));
        const mask = sliceOf(stack, slice);
        if (this.settings.fractional) {
          const file = targetFile("probabilities", target, place);
          await writeGray(file, levelsWithin(await readGray(file), mask));
        }
        targets.push({ target, mask, coarse, saliency, boxes: [], points: [] });
      }
      const labels = this.all.length > 1 ? await this.labels(place, image, targets) : undefined;
      await resultWriters.png.write(place, { image, targets, labels });
    }
  }

  /** The label image of a slice: where targets overlap, the label that its own masks gave by their probabilities stays, else the first target counts. */
  private async labels(place: { out: string; name: string }, { width, height }: Image, targets: readonly { target: Target; mask: Mask }[]) {
    const before = await readGray(sharedFile("labels", place));
    const data = new Uint8Array(width * height);
    const values = targets.map(({ target, mask }) => ({ value: labelOf(target, this.all), mask }));
    for (let i = 0; i < data.length; i++) {
      const here = values.filter(({ mask }) => mask.data[i]! > 0);
      if (here.length > 0) data[i] = here.some(({ value }) => value === before.data[i]) ? before.data[i]! : here[0]!.value;
    }
    return { width, height, data };
  }
}

/** Whether a calibration says that a slice does not show a target: its mask stays empty. */
function isJudgedAbsent(record: ImageRecord | undefined, { name }: Target): boolean {
  const own: Pick<TargetRecord, "presence" | "absent"> | undefined = name === undefined ? record : record?.targets?.[name];
  return own?.absent === true && own.presence !== undefined;
}

/** How sure the models are of a slice's own mask. */
function confidenceOf(record: ImageRecord | undefined, { name }: Target) {
  const own: Pick<TargetRecord, "scores" | "absent"> | undefined = name === undefined ? record : record?.targets?.[name];
  if (!own || own.absent || !own.scores || own.scores.length === 0) return undefined;
  return { iou: Math.min(1, Math.max(...own.scores)) };
}

/** The slices that differ between two stacks of one size. */
function changedSlices(before: MaskStack, after: MaskStack): ReadonlySet<number> {
  const changed = new Set<number>();
  for (let slice = 0; slice < before.slices; slice++) {
    const [own, other] = [sliceOf(before, slice).data, sliceOf(after, slice).data];
    if (own.some((value, i) => value !== other[i])) changed.add(slice);
  }
  return changed;
}

/** The record and the summary of a target in a scan. @param changed - how many slices became others, where the volume was made consistent */
function describe(stack: MaskStack, { affine, isVolume }: Scan, frames: readonly TargetItem[], changed: number | undefined) {
  const isWhole = frames.every(({ image }, i) => image.frame!.index === frames[0]!.image.frame!.index + i);
  const filled = frames.flatMap((_, slice) => (areaPx(sliceOf(stack, slice)) > 0 ? [slice] : []));
  const numberOf = (slice: number) => frames[slice]!.image.frame!.index + 1;
  const slices = filled.length > 0 ? ([numberOf(filled[0]!), numberOf(filled.at(-1)!)] as const) : null;
  const measures = isVolume && isWhole && affine ? measuresOf(stack, affine) : undefined;
  const volume = {
    voxels: measures?.voxels ?? areaPx({ width: stack.columns, height: stack.rows * stack.slices, data: stack.data }),
    mm3: measures?.volumeMm3 ?? null,
    longestMm: measures?.longest?.mm ?? null,
    longestInSliceMm: measures?.longestInSlice?.mm ?? null,
    slices,
    ...(changed !== undefined && { changedSlices: changed }),
  };
  const size = measures ? `${(measures.volumeMm3 / 1000).toPrecision(4)} ml` : `${volume.voxels} px`;
  return {
    record: { volume },
    summary: slices ? `${size} in ${filled.length} of ${countOf(frames.length, "slice")}, ${slices[0]} to ${slices[1]}` : "empty",
  };
}
