import type { Attributes, DicomFile } from "../../../dicom/attributes.ts";
import { InputError } from "../../../errors.ts";
import { fillContours } from "../../../image/fill-contours.ts";
import type { Contour } from "../../../image/iso-contours.ts";
import type { Mask } from "../../../image/types.ts";
import { inFrame, SlicePlaces } from "../slice-places.ts";
import { planesOf, type SourceFrame } from "../source.ts";

/** A region of a structure set, on the frames of its source. */
export interface ReadRoi {
  readonly name: string;
  /** Closed contours by the frame that they lie on, from 0, in pixels of it. */
  readonly contours: ReadonlyMap<number, readonly Contour[]>;
  /** Contours that are points or open, or lie on no slice of the source. */
  readonly ignored: number;
  /** @returns undefined where the region has no contour */
  maskOf(frame: number): Mask | undefined;
}

/**
 * Reads an RTSTRUCT onto the frames of its source: a pixel is in if its centre lies on a contour (0.001 px) or inside an odd number of the
 * region's contours of that slice. A contour belongs to the nearest slice within half a step. Points and open contours are ignored.
 *
 * @throws InputError when the source has no place in the patient, or belongs to another frame of reference
 */
export function readRtStruct({ name, attributes }: DicomFile, source: readonly SourceFrame[]): ReadRoi[] {
  const planes = planesOf(source);
  if (!planes) throw new InputError(`the source of "${name}" does not say where its frames lie in the patient, which contours need.`);
  const regions = attributes.items("StructureSetROISequence");
  const own = source[0]!.header.text("FrameOfReferenceUID");
  const references = regions.flatMap((region) => region.text("ReferencedFrameOfReferenceUID") ?? []);
  if (references.length > 0 && references.every((reference) => reference !== own))
    throw new InputError(`"${name}" has contours in another frame of reference than its source. Give the series that it was drawn on.`);
  const { header } = source[0]!;
  const [rows, columns] = [header.number("Rows")!, header.number("Columns")!];
  const places = new SlicePlaces(planes, thickness(source));
  const contourItems = new Map(attributes.items("ROIContourSequence").map((item) => [item.text("ReferencedROINumber"), item]));
  return regions.map((region, i) => {
    const contours = new Map<number, Contour[]>();
    let ignored = 0;
    for (const item of contourItems.get(region.text("ROINumber"))?.items("ContourSequence") ?? []) {
      const points = pointsOf(item, name);
      const slice = points && places.at(points.reduce((sum, point) => sum + places.heightOf(point), 0) / points.length);
      if (slice === undefined) ignored++;
      else contours.set(slice, [...(contours.get(slice) ?? []), points!.map((point) => inFrame(point, planes[slice]!))]);
    }
    return {
      name: region.text("ROIName") ?? `ROI ${region.text("ROINumber") ?? i + 1}`,
      contours,
      ignored,
      maskOf(frame) {
        const own = contours.get(frame);
        return own && fillContours(own, { width: columns, height: rows });
      },
    };
  });
}

/** The points of a closed contour; undefined for any other kind. */
function pointsOf(item: Attributes, name: string): number[][] | undefined {
  const type = item.text("ContourGeometricType");
  if (type !== "CLOSED_PLANAR" && type !== "CLOSEDPLANAR_XOR") return undefined;
  const data = item.numbers("ContourData");
  if (data.length === 0 || data.length % 3 !== 0 || !data.every(Number.isFinite))
    throw new InputError(`"${name}" is a damaged RTSTRUCT: a contour has ${data.length} numbers, expected three for each point.`);
  return Array.from({ length: data.length / 3 }, (_, i) => data.slice(3 * i, 3 * i + 3));
}

/** Thickness that a single slice counts with: a millimetre if the header tells none. */
function thickness([first]: readonly SourceFrame[]): number {
  const { header } = first!;
  return [header.number("SpacingBetweenSlices"), header.number("SliceThickness")].find((value) => value !== undefined && value > 0) ?? 1;
}
