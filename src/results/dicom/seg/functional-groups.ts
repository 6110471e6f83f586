import type { DataSet } from "../../../dicom/write/data-set.ts";
import { codeItem } from "../modules.ts";
import { type Plane, referenceTo, type SourceFrame } from "../source.ts";

/** A frame of a segmentation: the number of its segment, undefined in a label map, and the frame of the source it lies on. */
interface SegFrame {
  readonly segment: number | undefined;
  readonly source: number;
}

const same = (a: readonly number[], b: readonly number[]) => a.every((value, i) => value === b[i]);
const areSame = (planes: readonly Plane[], key: "orientation" | "spacing") => planes.every((plane) => same(plane[key], planes[0]![key]));

const orientationGroup = ({ orientation }: Plane): DataSet => ({
  PlaneOrientationSequence: [{ ImageOrientationPatient: orientation }],
});

function measuresGroup({ spacing }: Plane, { header }: SourceFrame, sliceSpacing: number | undefined): DataSet {
  return {
    PixelMeasuresSequence: [
      {
        PixelSpacing: spacing,
        SliceThickness: sliceThickness(header) ?? sliceSpacing,
        SpacingBetweenSlices: sliceSpacing,
      },
    ],
  };
}

function sliceThickness(header: SourceFrame["header"]): number | undefined {
  const measures = header.items("SharedFunctionalGroupsSequence")[0]?.items("PixelMeasuresSequence")[0];
  const value = (measures?.has("SliceThickness") ? measures : header).number("SliceThickness");
  return value !== undefined && value > 0 ? value : undefined;
}

/** What holds for all frames: orientation and spacing, where the source has one of each. */
export function sharedGroups(
  source: readonly SourceFrame[],
  planes: readonly Plane[] | undefined,
  sliceSpacing: number | undefined,
): DataSet {
  if (!planes) return {};
  return {
    ...(areSame(planes, "orientation") && orientationGroup(planes[0]!)),
    ...(areSame(planes, "spacing") && measuresGroup(planes[0]!, source[0]!, sliceSpacing)),
  };
}

/** What holds for each frame: segment, place, and the frame of the source it was made from. */
export function frameGroups(source: readonly SourceFrame[], planes: readonly Plane[] | undefined, frames: readonly SegFrame[]): DataSet[] {
  const places = [...new Set(frames.map(({ source }) => source))].sort((a, b) => a - b);
  return frames.map(({ segment, source: index }) => {
    const place = places.indexOf(index) + 1;
    const plane = planes?.[index];
    return {
      FrameContentSequence: [
        {
          ...(!plane && { StackID: "1", InStackPositionNumber: place }),
          DimensionIndexValues: segment === undefined ? place : [segment, place],
        },
      ],
      ...(plane && { PlanePositionSequence: [{ ImagePositionPatient: plane.position }] }),
      ...(planes && plane && !areSame(planes, "orientation") && orientationGroup(plane)),
      ...(planes && plane && !areSame(planes, "spacing") && measuresGroup(plane, source[index]!, undefined)),
      ...(segment !== undefined && { SegmentIdentificationSequence: [{ ReferencedSegmentNumber: segment }] }),
      DerivationImageSequence: [derivation(source[index]!)],
    };
  });
}

function derivation(frame: SourceFrame): DataSet {
  return {
    DerivationCodeSequence: [codeItem({ value: "113076", scheme: "DCM", meaning: "Segmentation" })],
    SourceImageSequence: [
      {
        ...referenceTo(frame),
        SpatialLocationsPreserved: "YES",
        PurposeOfReferenceCodeSequence: [
          codeItem({ value: "121322", scheme: "DCM", meaning: "Source image for image processing operation" }),
        ],
      },
    ],
  };
}
