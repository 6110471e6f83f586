import { join } from "node:path";
import { readDicom } from "../../../dicom/read-file.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { perScan, type ScanResult, type ScanWriteOptions, type ScanWriter, type Written } from "../../scan-writer.ts";
import { Centroid, placesInHeaders, requireSamePlace } from "../centroid.ts";
import { dicomResult, structureOf } from "../of-scan.ts";
import { encodeRtStruct } from "./encode-rtstruct.ts";
import { polygonCentroid } from "./polygon-centroid.ts";

/** Writes `rtstruct/NAME.dcm`: one structure set for all targets. */
export const rtStructWriter: ScanWriter = perScan(async (result: ScanResult, options: ScanWriteOptions): Promise<Written> => {
  const { scan, source, options: common } = dicomResult(result, options, "a structure set (RTSTRUCT)");
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
  requireSameContours(bytes, used, Math.max(...(scan.spacing ?? [1, 1])) / 2);
  const file = join(options.out, "rtstruct", `${scan.name}.dcm`);
  await writeAtomic(file, bytes);
  return { files: [file], messages };
});

/**
 * Reads a structure set back, and compares the centroids of its polygons with those of the masks.
 *
 * @param tolerance - half a pixel: contours cut 1/8 pixel from each corner, which can shift the centroid of a small region by a fraction of one
 */
function requireSameContours(bytes: Uint8Array, expected: readonly Centroid[], tolerance: number): void {
  const { attributes } = readDicom({ name: "the structure set", bytes });
  for (const [i, item] of attributes.items("ROIContourSequence").entries()) {
    const found = new Centroid();
    for (const contour of item.items("ContourSequence")) {
      const { point, area } = polygonCentroid(contour.numbers("ContourData"));
      found.addPoint(point, area);
    }
    requireSamePlace(`region ${i + 1}`, { expected: expected[i]!, found, tolerance });
  }
}
