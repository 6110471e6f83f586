import { join } from "node:path";
import { isDicom } from "../../dicom/first-bytes.ts";
import { readDicom } from "../../dicom/read-file.ts";
import { ConfigError, InputError, throwIfCancelled } from "../../errors.ts";
import { rtStructClass } from "../../results/dicom/rtstruct/encode-rtstruct.ts";
import { readRtStruct } from "../../results/dicom/rtstruct/read-rtstruct.ts";
import { segClasses } from "../../results/dicom/seg/encode-seg.ts";
import { masksOfSeg } from "../../results/dicom/seg/masks-of-seg.ts";
import { readSeg } from "../../results/dicom/seg/read-seg.ts";
import { type SourceFrame, sourceFrames } from "../../results/dicom/source.ts";
import { writeGray } from "../../results/png.ts";
import { frameName } from "../../results/png-scan.ts";
import { readContent } from "../../scans/read-content.ts";
import { isDicomScan } from "../../scans/scan-kinds.ts";
import { type FramesOfFile, type ReadOptions, refusePlane } from "./frames-of-file.ts";
import { labelSlices } from "./label-slices.ts";
import { oneScan } from "./one-scan.ts";

/**
 * Reads a SEG, an RTSTRUCT or a NIfTI file of labels, and writes a mask for each structure and frame: `masks/0001.png`, of several structures
 * `masks_LABEL/0001.png`, with 0 and 255; probabilities with 0 to 255.
 *
 * @throws ConfigError when an RTSTRUCT has no source
 * @throws InputError when the file is none of these, or damaged
 */
export async function readIntoMasks(file: string, options: ReadOptions): Promise<{ files: number; warnings: readonly string[] }> {
  const content = await readContent(file);
  const { count, structures, warnings } = isDicom(content.bytes)
    ? await framesOfDicom(content, options)
    : await labelSlices(content, options);
  const names = folderNames(structures.map(({ label }) => label));
  const wanted = structures.flatMap((structure, i) => {
    const isWanted = options.targets.length === 0 || options.targets.includes(structure.label) || options.targets.includes(names[i]!);
    return isWanted ? [{ ...structure, name: names[i]! }] : [];
  });
  if (wanted.length === 0)
    throw new ConfigError(`"${file}" has no structure of --targets ${options.targets.join(",")}. It has ${names.join(", ") || "none"}.`);
  let files = 0;
  for (const { name, pictureOf } of wanted) {
    const folder = join(options.out, wanted.length > 1 ? `masks_${name}` : "masks");
    for (let frame = 0; frame < count; frame++) {
      throwIfCancelled(options.signal);
      await writeGray(join(folder, `${frameName(frame)}.png`), await pictureOf(frame));
      files++;
    }
  }
  return { files, warnings };
}

async function framesOfDicom(content: { readonly name: string; readonly bytes: Uint8Array }, options: ReadOptions): Promise<FramesOfFile> {
  const object = readDicom(content);
  const sopClass = object.attributes.text("SOPClassUID");
  const source = await framesOfSource(options);
  if (sopClass === rtStructClass) {
    if (!source)
      throw new ConfigError(`"${content.name}" is an RTSTRUCT: reading it needs the images that it was drawn on. Name them with --source.`);
    const { header } = source[0]!;
    const [width, height] = [header.number("Columns")!, header.number("Rows")!];
    const regions = readRtStruct(object, source);
    return {
      count: source.length,
      structures: regions.map(({ name, maskOf }) => ({
        label: name,
        pictureOf: async (frame) => ({ width, height, data: scaled(maskOf(frame)?.data, 1, width * height) }),
      })),
      warnings: regions.flatMap(({ name, ignored }) =>
        ignored > 0 ? [`"${name}": ${ignored} contours ignored, which are points or open, or lie on no slice of the source`] : [],
      ),
    };
  }
  if (sopClass !== segClasses.segmentation && sopClass !== segClasses.labelmap)
    throw new InputError(
      `"${content.name}" is a DICOM object of class ${sopClass}; expected a segmentation (SEG) or a structure set (RTSTRUCT).`,
    );
  const seg = readSeg(object);
  const masks = masksOfSeg(seg, source);
  const [width, height] = [seg.columns, seg.rows];
  return {
    count: masks.count,
    structures: seg.segments.map((segment) => ({
      label: segment.label,
      pictureOf: async (frame) => ({ width, height, data: scaled(await masks.levelsOf(segment, frame), seg.maximum, width * height) }),
    })),
    warnings: source ? [] : ["without --source, masks are numbered by the frames that the segmentation has"],
  };
}

async function framesOfSource(options: ReadOptions): Promise<SourceFrame[] | undefined> {
  if (options.source === undefined) return undefined;
  const scan = await oneScan(options.source, { ...options, group: options.group });
  if (!isDicomScan(scan))
    throw new InputError(`"${options.source}" is not DICOM; a segmentation or structure set belongs to a DICOM series.`);
  refusePlane(options);
  return sourceFrames(scan);
}

/** Levels from 0 to 255. */
function scaled(levels: Uint8Array | undefined, maximum: number, size: number): Uint8Array {
  return levels ? levels.map((level) => Math.round((255 * level) / maximum)) : new Uint8Array(size);
}

/** Labels as parts of folders' names, no two of them the same. */
function folderNames(labels: readonly string[]): string[] {
  const used = new Set<string>();
  return labels.map((label) => {
    const plain =
      label
        .replace(/[^A-Za-z0-9._-]+/g, "_")
        .replace(/^\.+|\.+$/g, "")
        .slice(0, 90) || "structure";
    let name = plain;
    for (let i = 2; used.has(name.toLowerCase()); i++) name = `${plain}_${i}`;
    used.add(name.toLowerCase());
    return name;
  });
}
