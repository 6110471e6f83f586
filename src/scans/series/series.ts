import type { Attributes, DicomFile } from "../../dicom/attributes.ts";
import type { DicomScan, ScanFrame } from "../scan.ts";
import type { PlacedFrame } from "./placed-frame.ts";
import { repeatWarning, type SeriesGroup, seriesGroups } from "./series-groups.ts";
import { stackGeometry } from "./stack-geometry.ts";

/** All of a scan but its pixels. */
type Described = Omit<DicomScan, "read">;

/** The scans of some DICOM files, without their pixels: series in order, split and named. @see seriesGroups */
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
