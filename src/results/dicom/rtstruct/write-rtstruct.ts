import { join } from "node:path";
import { readDicom } from "../../../dicom/read-file.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { fillContours } from "../../../image/fill-contours.ts";
import type { Contour } from "../../../image/iso-contours.ts";
import type { Point, Size } from "../../../image/types.ts";
import { perScan, type ScanResult, type ScanWriteOptions, type ScanWriter, type Written } from "../../scan-writer.ts";
import { Centroid, type PixelPlace, placesInHeaders, requireSamePlace } from "../centroid.ts";
import { dicomResult, structureOf } from "../of-scan.ts";
import { encodeRtStruct } from "./encode-rtstruct.ts";

/** Writes `rtstruct/NAME.dcm`: one structure set for all targets. */
export const rtStructWriter: ScanWriter = perScan(async (result: ScanResult, options: ScanWriteOptions): Promise<Written> => {
  const { scan, source, options: common } = await dicomResult(result, options, "a structure set (RTSTRUCT)");
  const places = placesInHeaders(source);
  const expected = result.targets.map(() => new Centroid());
  const structures = result.targets.map((target, i) => ({
    ...structureOf(target),
    async maskOf(index: number) {
      const mask = await result.maskOf(target, index);
      if (mask) expected[i]!.add(mask.data, scan.columns, places[index]!);
      return mask;
    },
  }));
  const { bytes, empty } = await encodeRtStruct(source, structures, { ...common, keepEmpty: options.keepEmpty });
  const messages = empty.map((i) => `"${structures[i]!.label}" is not present: its masks are empty`);
  if (!bytes) return { files: [], messages: [...messages, "no structure set was written: all its masks are empty"] };
  const used = expected.filter((_, i) => options.keepEmpty || !empty.includes(i));
  requireSameContours(bytes, used, places, { width: scan.columns, height: scan.rows });
  const file = join(options.out, "rtstruct", `${scan.name}.dcm`);
  await writeAtomic(file, bytes);
  return { files: [file], messages };
});

/** Largest distance of centroids: what decimals in the object can differ by. */
const toleranceMm = 0.01;

/**
 * Reads a structure set back: fills its contours on the pixels that the headers of the source place there, and compares the centroid of each region
 * with that of its mask.
 */
function requireSameContours(bytes: Uint8Array, expected: readonly Centroid[], places: readonly PixelPlace[], size: Size): void {
  const { attributes } = readDicom({ name: "the structure set", bytes });
  for (const [i, item] of attributes.items("ROIContourSequence").entries()) {
    const contours = new Map<number, Contour[]>();
    for (const own of item.items("ContourSequence")) {
      const data = own.numbers("ContourData");
      const frame = nearestFrame(data, places);
      const contour = Array.from({ length: data.length / 3 }, (_, k) => pixelAt(data.slice(3 * k, 3 * k + 3), places[frame]!));
      contours.set(frame, [...(contours.get(frame) ?? []), contour]);
    }
    const found = new Centroid();
    for (const [frame, own] of contours) found.add(fillContours(own, size).data, size.width, places[frame]!);
    requireSamePlace(`region ${i + 1}`, { expected: expected[i]!, found, tolerance: toleranceMm });
  }
}

/** Pixel coordinates of a place, projected onto a frame. */
function pixelAt(place: readonly number[], { first, perColumn, perRow }: PixelPlace): Point {
  const along = (step: readonly number[]) => {
    const length2 = step.reduce((sum, value) => sum + value * value, 0);
    return step.reduce((sum, value, axis) => sum + value * (place[axis]! - first[axis]!), 0) / length2;
  };
  return { x: along(perColumn), y: along(perRow) };
}

/** The frame whose plane is nearest to the first point of a contour. */
function nearestFrame(data: readonly number[], places: readonly PixelPlace[]): number {
  const distances = places.map((place) => {
    const { x, y } = pixelAt(data, place);
    return Math.hypot(...[0, 1, 2].map((axis) => data[axis]! - place.first[axis]! - x * place.perColumn[axis]! - y * place.perRow[axis]!));
  });
  return distances.indexOf(Math.min(...distances));
}
