import { readDicom } from "../../src/dicom/read-file.ts";
import type { DataSet } from "../../src/dicom/write/data-set.ts";
import { encodeDicom } from "../../src/dicom/write/encode-file.ts";
import type { DicomScan } from "../../src/scans/scan.ts";

export interface MadeSeries {
  readonly rows?: number;
  readonly columns?: number;
  readonly slices?: number;
  /** Six cosines. */
  readonly orientation?: readonly number[];
  /** Millimetres [between rows, between columns]. */
  readonly spacing?: readonly [number, number];
  /** Distance of slices in mm. */
  readonly step?: number;
  /** Attributes that are other than those of a CT. */
  readonly attributes?: DataSet;
  /** Levels of a slice, 16 bits. */
  readonly pixels?: (slice: number) => Uint16Array;
}

/** The files of a synthetic CT series, in slice order, by name. */
export function madeSeriesFiles(options: MadeSeries = {}): Map<string, Uint8Array<ArrayBuffer>> {
  const { rows = 6, columns = 8, slices = 3, spacing = [0.5, 0.75], step = 2.5, pixels, attributes } = options;
  const orientation = options.orientation ?? [1, 0, 0, 0, 1, 0];
  const normal = normalOf(orientation);
  return new Map(
    Array.from({ length: slices }, (_, slice) => {
      const file = encodeDicom(
        { classUid: "1.2.840.10008.5.1.4.1.1.2", instanceUid: `2.25.100${slice + 1}` },
        {
          PatientName: "Made^Up",
          PatientID: "made-up-1",
          StudyInstanceUID: "2.25.11",
          SeriesInstanceUID: "2.25.12",
          SeriesNumber: 3,
          Modality: "CT",
          StudyDate: "20250102",
          StudyTime: "030405",
          InstanceNumber: slice + 1,
          ImageType: ["ORIGINAL", "PRIMARY", "AXIAL"],
          FrameOfReferenceUID: "2.25.13",
          ImagePositionPatient: [-20, 10.5, 30].map((first, axis) => first + slice * step * normal[axis]!),
          ImageOrientationPatient: orientation,
          PixelSpacing: spacing,
          SliceThickness: step,
          SamplesPerPixel: 1,
          PhotometricInterpretation: "MONOCHROME2",
          Rows: rows,
          Columns: columns,
          BitsAllocated: 16,
          BitsStored: 16,
          HighBit: 15,
          PixelRepresentation: 0,
          ...attributes,
          PixelData: new Uint8Array((pixels?.(slice) ?? new Uint16Array(rows * columns)).buffer),
        },
      );
      return [`${String(slice + 1).padStart(3, "0")}.dcm`, file] as const;
    }),
  );
}

/** A synthetic CT series as a scan without readable frames: its headers are what results refer to. */
export function madeSeries(options: MadeSeries = {}): DicomScan {
  const { rows = 6, columns = 8, spacing = [0.5, 0.75] } = options;
  const files = madeSeriesFiles(options);
  const headers = new Map([...files].map(([name, bytes]) => [name, readDicom({ name, bytes }).attributes]));
  return {
    name: "CT-3",
    source: "dicom",
    frames: [...files.keys()].map((file) => ({ file })),
    rows,
    columns,
    spacing,
    spacingSource: "PixelSpacing",
    isVolume: true,
    affine: affineOf(options),
    warnings: [],
    headers,
    read: async () => {
      throw new Error("a made series has no frames to read");
    },
  };
}

function affineOf({ orientation = [1, 0, 0, 0, 1, 0], spacing = [0.5, 0.75], step = 2.5 }: MadeSeries): NonNullable<DicomScan["affine"]> {
  const normal = normalOf(orientation);
  const row = (axis: 0 | 1 | 2) =>
    [orientation[axis]! * spacing[1], orientation[axis + 3]! * spacing[0], normal[axis]! * step, [-20, 10.5, 30][axis]!] as const;
  return [row(0), row(1), row(2)];
}

function normalOf([a, b, c, d, e, f]: readonly number[]): readonly [number, number, number] {
  return [b! * f! - c! * e!, c! * d! - a! * f!, a! * e! - b! * d!];
}
