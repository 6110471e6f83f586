import { resolve } from "node:path";
import { ConfigError, concernsOneInput, throwIfCancelled } from "../../errors.ts";
import { requireWritable, writeAtomic } from "../../files/atomic-write.ts";
import type { RunEvent } from "../../run/events.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { byCodePoint } from "../../scans/code-points.ts";
import { findScanFiles, type ScanFile } from "../../scans/find-scan-files.ts";
import { leftOutWords } from "../../scans/left-out.ts";
import { KeptVolumes, resliced } from "../../scans/resliced.ts";
import type { Scan } from "../../scans/scan.ts";
import type { RefusedFile } from "../../scans/scans-in.ts";
import { scansOf } from "../../scans/scans-of.ts";
import { type GroupRecord, groupRecord } from "./group-record.ts";
import type { InspectSettings } from "./settings.ts";
import { skippedLine, tableOf } from "./table.ts";
import { pngFile, refuseStalePictures, valuesFile, writeScan } from "./write-scan.ts";

/**
 * `medclip-sam inspect`: what files and folders hold, and how a model would see it. Every file is read to its end; of each group the first frame is
 * decoded, with --png or --values all are.
 *
 * A damaged file is a failure, and its group is made of the others. Objects that are no images, and files of other kinds, are left out.
 *
 * @throws InputError when a path does not exist
 * @throws ConfigError when a result would replace an input, or lie among those of another scan
 */
export async function* runInspect(settings: InspectSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { files, leftOut } = await findScanFiles(settings.inputs);
  if (settings.json !== undefined)
    await requireWritable(
      settings.json,
      files.map(({ file }) => file),
    );
  yield { type: "stage", message: `reading ${files.length === 1 ? "1 file" : `${files.length} files`}` };
  const pathOf = new Map(files.map(({ file, path }) => [file, path]));
  const { groups, refused } = await inspected(files, settings, signal);
  const damaged = refused.filter(({ category }) => category === "damaged").length;
  yield { type: "start", command: "inspect", total: groups.length + damaged, done: 0 };
  for (const { file, category, reason } of refused) {
    if (category === "damaged") yield { type: "failure", name: pathOf.get(file)!, message: reason, code: "input" };
  }
  for (const { name, warnings } of groups) yield { type: "item", name, ms: 0, warnings };
  const left = [
    ...refused.map(({ file, category, reason }) => ({ file: pathOf.get(file)!, reason: `${category}: ${reason}` })),
    ...leftOut.map(({ path, reason }) => ({ file: path, reason: leftOutWords(reason, 1).slice(2) })),
  ].sort((a, b) => byCodePoint(a.file, b.file));
  if (settings.json !== undefined) await writeAtomic(settings.json, `${JSON.stringify({ groups, leftOut: left }, null, 1)}\n`);
  const skipped = skippedLine(
    leftOut,
    refused.filter(({ category }) => category !== "damaged"),
  );
  yield {
    type: "end",
    done: groups.length,
    skipped: 0,
    failed: damaged,
    ms: Math.round(performance.now() - start),
    lines: [...tableOf(groups), ...(skipped === undefined ? [] : [skipped])],
  };
}

interface Inspected {
  readonly groups: readonly GroupRecord[];
  readonly refused: readonly RefusedFile[];
}

/** Groups, shows and writes; where a frame turns out to be damaged, all groups are made again without its file. */
async function inspected(files: readonly ScanFile[], settings: InspectSettings, signal: AbortSignal | undefined): Promise<Inspected> {
  const [paths, names] = [new Map(files.map(({ file, path }) => [file, path])), new Map(files.map(({ file, name }) => [file, name]))];
  const damaged = new Map<string, RefusedFile>();
  for (;;) {
    const { scans: found, leftOut } = await scansOf(
      files.map(({ file }) => file).filter((file) => !damaged.has(file)),
      { ...(settings.axis && { axis: settings.axis }), nameOf: (file) => names.get(file)!, isThorough: true, signal },
    );
    const kept = new KeptVolumes();
    const scans = found.map((scan) => inPlane(scan, settings.axis, kept));
    await refuseOutputs(scans, files, settings);
    const known = damaged.size;
    const groups: GroupRecord[] = [];
    for (const scan of scans) {
      try {
        groups.push(groupRecord(scan, await writeScan(scan, settings, signal), (file) => paths.get(file)!));
      } catch (error) {
        if (!concernsOneInput(error)) throw error;
        const found = await unreadable(scan, signal);
        // A scan of which each frame can be read, but not shown: its first file holds the rule.
        if (found.length === 0) found.push({ file: scan.frames[0]!.file, category: "damaged", reason: error.message });
        for (const file of found) damaged.set(file.file, file);
      }
    }
    if (damaged.size === known) return { groups, refused: [...leftOut, ...damaged.values()] };
  }
}

/** A scan cut into slices of a plane; as acquired, with a warning, where it cannot be. */
function inPlane(scan: Scan, axis: InspectSettings["axis"], kept: KeptVolumes): Scan {
  try {
    return resliced(scan, axis, kept);
  } catch (error) {
    if (!concernsOneInput(error)) throw error;
    return { ...scan, warnings: [...scan.warnings, error.message] };
  }
}

/** The files of a scan with frames that cannot be decoded. */
async function unreadable({ cut, ...own }: Scan, signal: AbortSignal | undefined): Promise<RefusedFile[]> {
  const scan = cut?.origin ?? own;
  const found = new Map<string, RefusedFile>();
  for (const [index, { file }] of scan.frames.entries()) {
    throwIfCancelled(signal);
    if (found.has(file)) continue;
    try {
      await scan.read(index);
    } catch (error) {
      if (!concernsOneInput(error)) throw error;
      found.set(file, { file, category: "damaged", reason: error.message });
    }
  }
  return [...found.values()];
}

/** @throws ConfigError when a result would replace an input, or lie among those of another scan */
async function refuseOutputs(scans: readonly Scan[], files: readonly ScanFile[], { png, values }: InspectSettings): Promise<void> {
  const inputs = new Set(files.map(({ file }) => resolve(file)));
  for (const scan of scans) {
    const outputs = [
      ...(png === undefined ? [] : scan.frames.map((_, index) => pngFile(png, scan, index))),
      ...(values === undefined ? [] : [valuesFile(values, scan)]),
    ];
    const taken = outputs.find((file) => inputs.has(resolve(file)));
    if (taken !== undefined)
      throw new ConfigError(`"${taken}" is one of the files that are read, and a result would replace it. Choose another folder.`);
    if (png !== undefined) await refuseStalePictures(png, scan);
  }
}
