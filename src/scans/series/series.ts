import type { Attributes, DicomFile } from "../../dicom/attributes.ts";
import type { FileAccess } from "../file-access.ts";
import type { LastFile } from "../last-file.ts";
import type { DicomScan, ScanFrame } from "../scan.ts";
import { openDicom } from "../sources/dicom/frames.ts";
import type { PlacedFrame } from "./placed-frame.ts";
import { repeatWarning, type SeriesGroup, seriesGroups } from "./series-groups.ts";
import { sharedLevels } from "./shared-levels.ts";
import { stackGeometry } from "./stack-geometry.ts";

/** All of a scan but its pixels. */
type Described = Omit<DicomScan, "read">;

/**
 * The scans of some DICOM images, in order, split and named.
 *
 * @param headers - their names are those of the files
 * @param last - keeps the file that is read
 * @see seriesGroups
 */
export function seriesOf(headers: readonly DicomFile[], files: FileAccess, last: LastFile): DicomScan[] {
  return describedSeries(headers).map((scan): DicomScan => {
    const levels = sharedLevels(scan, files);
    return {
      ...scan,
      async read(index) {
        const { file, number = 1 } = scan.frames[index]!;
        const opened = await last.open(`${scan.name} ${file}`, async () => await openDicom(await files.content(file), levels));
        return await opened.read(number - 1);
      },
    };
  });
}

/** The scans of some DICOM images, without their pixels. */
export function describedSeries(headers: readonly DicomFile[]): Described[] {
  return seriesGroups(headers).map(describe);
}

function describe({ name, frames, repeated }: SeriesGroup): Described {
  const [first] = frames as readonly [PlacedFrame];
  const { warnings, ...geometry } = stackGeometry(frames);
  const noPlace = first.position === undefined || first.orientation === undefined;
  const repeats = repeatWarning(repeated);
  return {
    name,
    source: "dicom",
    frames: frames.map(({ file, number, frames }): ScanFrame => ({ file: file.name, ...(frames > 1 && { number }) })),
    rows: first.rows,
    columns: first.columns,
    spacing: first.pixelSize.spacing,
    spacingSource: first.pixelSize.source,
    ...geometry,
    warnings: [
      ...(noPlace ? placeless(frames) : []),
      ...warnings,
      ...(repeats === undefined ? [] : [repeats]),
      ...first.pixelSize.warnings,
    ],
    headers: new Map<string, Attributes>(frames.map(({ file }) => [file.name, file.attributes])),
  };
}

/** Said of images that could be slices; of a single one nobody expects a place. */
function placeless([first, ...more]: readonly PlacedFrame[]): string[] {
  if (more.length === 0) return [];
  const what = first!.position === undefined ? "no position" : "no orientation";
  return [`${what}: ${first!.frames > 1 ? "frames in the order of the file" : "images in the order of InstanceNumber"}, no volume`];
}
