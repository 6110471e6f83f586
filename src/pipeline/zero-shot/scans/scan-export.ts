import { rm } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { ConfigError, concernsOneInput, InputError } from "../../../errors.ts";
import { writing } from "../../../files/atomic-write.ts";
import type { Size } from "../../../image/index.ts";
import { carriedOn } from "../../../results/dicom/carried-on.ts";
import { inOrigin } from "../../../results/in-origin.ts";
import { type TargetFolder, targetFile } from "../../../results/layout.ts";
import { dicomFormats, type ScanFormat } from "../../../results/scan-formats.ts";
import type { ScanResult, Written } from "../../../results/scan-writer.ts";
import { scanWriters } from "../../../results/scan-writers.ts";
import type { ImageRecord, WeightsRecord } from "../../../run/record/record.ts";
import { filesOnDisk } from "../../../scans/files-on-disk.ts";
import { LastFile } from "../../../scans/last-file.ts";
import type { ImageInput } from "../../../scans/list-images.ts";
import { countOf } from "../../../scans/names.ts";
import { pictureScan } from "../../../scans/picture-scan.ts";
import { readGray } from "../../../scans/read-gray.ts";
import { readMask } from "../../../scans/read-mask.ts";
import type { Scan } from "../../../scans/scan.ts";
import type { Target } from "../../../targets/target.ts";
import type { TargetItem } from "../images/items.ts";
import type { SegmentSettings } from "../settings/commands.ts";

/** What fits a scan, where no format is asked for. */
const usual: Record<Scan["source"], readonly ScanFormat[]> = { dicom: ["dicom-seg"], nifti: ["nifti"], raster: [] };

/**
 * Refuses formats that belong to a DICOM study where the scans of a run are of none, before any work is done.
 *
 * @throws ConfigError
 */
export function requireStudies(inputs: readonly ImageInput[], format: SegmentSettings["format"]): void {
  const formats = (format ?? []).filter((one) => dicomFormats.includes(one));
  const scans = inputs.flatMap(({ frame }) => frame?.scan ?? []);
  if (formats.length === 0 || scans.length === 0 || scans.some(({ source }) => source === "dicom")) return;
  throw new ConfigError(
    `--format ${formats.join(", ")} belongs to a DICOM study, and none of the inputs is DICOM. Choose nifti, png, coco or nnunet.`,
  );
}

/** Says which inputs are no scans, if formats are asked for in which only scans are written. */
export function pictureWarnings(inputs: readonly ImageInput[], format: SegmentSettings["format"]): string[] {
  const formats = (format ?? []).filter((one) => one !== "png" && !scanWriters[one].isShared);
  const pictures = inputs.filter(({ frame }) => !frame).length;
  if (formats.length === 0 || pictures === 0) return [];
  return [
    `--format ${formats.join(", ")} is for scans (DICOM, NIfTI, TIFF of several pages): ${countOf(pictures, "input")} ${pictures === 1 ? "is none and gets" : "are none and get"} PNG masks alone`,
  ];
}

/** Writes the final masks of scans in the formats of a run, from their PNG files. */
export class ScanExport {
  private readonly settings: SegmentSettings;
  private readonly all: readonly Target[];
  private readonly models: ScanResult["models"];

  constructor(settings: SegmentSettings, all: readonly Target[], weights: Readonly<Record<string, WeightsRecord>>) {
    this.settings = settings;
    this.all = all;
    this.models = Object.entries(weights).map(([name, { sha256 }]) => ({ name, sha256 }));
  }

  /** The formats of a scan with a file of its own. PNG files are written in any case. */
  private formatsOf({ source }: Scan): readonly ScanFormat[] {
    const formats = this.settings.format ?? usual[source];
    return formats.filter((format) => format !== "png" && !scanWriters[format].isShared);
  }

  /** Files that exist when a scan is finished: those that the earlier run wrote, if it had the same formats. */
  filesOf(scan: Scan, earlier: Pick<ImageRecord, "formats" | "files"> | undefined): readonly string[] {
    const formats = this.formatsOf(scan);
    if (formats.length === 0) return [];
    const isSame = JSON.stringify(earlier?.formats) === JSON.stringify(formats);
    // A name that is never written: the scan is not finished in these formats.
    return isSame ? (earlier?.files ?? []) : [join(this.settings.out, formats[0]!, "not written yet")];
  }

  /** What the results of a scan carry on of its patient, to be said before they are written. */
  warningsOf(scan: Scan): string[] {
    return carriedOn(scan.cut?.origin ?? scan, {
      strip: this.settings.strip,
      copiesAttributes: this.formatsOf(scan).some((format) => dicomFormats.includes(format)),
    });
  }

  /**
   * Writes a scan of which all masks are there. What an earlier run wrote of it, and this one does not, is removed: it would show other masks.
   *
   * @param name - of its results
   * @param earlier - files that the earlier run has recorded
   * @throws InputError when a format cannot hold them; the others are written
   */
  async write(
    scan: Scan,
    name: string,
    frames: readonly TargetItem[],
    earlier: readonly string[] = [],
  ): Promise<Pick<ImageRecord, "formats" | "files"> & { readonly warnings: string[] }> {
    const formats = this.formatsOf(scan);
    const result = this.resultOf(scan, name, frames);
    const written: Written[] = [];
    const refused: string[] = [];
    for (const format of formats) {
      try {
        written.push(await scanWriters[format].open(this.options, this.all).add(result));
      } catch (error) {
        if (!concernsOneInput(error)) throw error;
        refused.push(error.message);
      }
    }
    const files = written.flatMap((one) => one.files);
    await this.removeStale(earlier, files);
    if (refused.length > 0) throw new InputError(refused.join(" "));
    return {
      ...(formats.length > 0 && { formats, files }),
      warnings: [...new Set(written.flatMap(({ messages }) => messages))],
    };
  }

  /** Removes files of an earlier run that are not among those of this one, if they lie in the output folder. */
  private async removeStale(earlier: readonly string[], files: readonly string[]): Promise<void> {
    const [own, written] = [`${resolve(this.settings.out)}${sep}`, new Set(files.map((file) => resolve(file)))];
    const stale = earlier.map((file) => resolve(file)).filter((file) => file.startsWith(own) && !written.has(file));
    for (const file of stale) await writing(file, () => rm(file, { force: true }));
  }

  /**
   * Writes the files that all scans and pictures share; those of earlier runs are among them, as their masks are there.
   *
   * @param pictures - inputs that are no scans, of which all masks are there
   */
  async writeShared(
    scans: readonly { readonly scan: Scan; readonly name: string; readonly frames: readonly TargetItem[] }[],
    pictures: readonly TargetItem[],
  ): Promise<Written[]> {
    const written: Written[] = [];
    const last = new LastFile();
    for (const format of this.settings.format ?? []) {
      const writer = scanWriters[format];
      if (!writer.isShared) continue;
      const all = writer.open(this.options, this.all);
      for (const { scan, name, frames } of scans) await all.add(this.resultOf(scan, name, frames));
      for (const item of pictures) {
        const scan = await pictureScan(item.file, { name: item.name, files: filesOnDisk, last });
        await all.add(this.resultOf(scan, item.name, [item]));
      }
      written.push(await all.finish());
    }
    return written;
  }

  private get options() {
    const { out, strip, deterministic, fractional } = this.settings;
    return { out, strip, deterministic, fractional, labelmap: false, keepEmpty: false };
  }

  /** The masks of a scan in the geometry of its input. */
  private resultOf(scan: Scan, name: string, frames: readonly TargetItem[]): ScanResult {
    const byIndex = new Map(frames.map((frame) => [frame.image.frame?.index ?? 0, frame]));
    const asked = new Set(frames.flatMap(({ lookFor }) => lookFor.map((target) => target.name)));
    /** The file of a target in a frame; undefined where it was not looked for. */
    const fileOf = (folder: TargetFolder, target: Target, index: number) => {
      const frame = byIndex.get(index);
      if (!frame?.lookFor.some((own) => own.name === target.name)) return undefined;
      return targetFile(folder, target, { out: this.settings.out, name: frame.name, all: this.all });
    };
    return inOrigin({
      scan: { ...scan, name },
      targets: this.all.filter((target) => asked.has(target.name)),
      models: this.models,
      maskOf: async (target, index) => {
        const file = fileOf("masks", target, index);
        return file === undefined ? undefined : ofSize(scan, file, (await readMask(file)).mask);
      },
      ...(this.settings.fractional && {
        probabilityOf: async (target: Target, index: number) => {
          const file = fileOf("probabilities", target, index);
          if (file === undefined) return undefined;
          const levels = ofSize(scan, file, await readGray(file));
          return { ...levels, data: Float32Array.from(levels.data, (level) => level / 255) };
        },
      }),
    });
  }
}

/** @throws InputError when a picture of a frame has another size */
function ofSize<T extends Size>({ columns, rows }: Scan, file: string, picture: T): T {
  if (picture.width === columns && picture.height === rows) return picture;
  throw new InputError(`"${file}" has ${picture.width} x ${picture.height} pixels, its frame ${columns} x ${rows}.`);
}
