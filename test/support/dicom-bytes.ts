/** Tag and value representation by keyword, of the attributes that tests write. */
const dictionary = {
  SpecificCharacterSet: ["00080005", "CS"],
  ImageType: ["00080008", "CS"],
  SOPClassUID: ["00080016", "UI"],
  SOPInstanceUID: ["00080018", "UI"],
  Modality: ["00080060", "CS"],
  PatientName: ["00100010", "PN"],
  PatientID: ["00100020", "LO"],
  PatientBirthDate: ["00100030", "DA"],
  SequenceOfUltrasoundRegions: ["00186011", "SQ"],
  RegionSpatialFormat: ["00186012", "US"],
  PhysicalUnitsXDirection: ["00186024", "US"],
  PhysicalUnitsYDirection: ["00186026", "US"],
  PhysicalDeltaX: ["0018602C", "FD"],
  PhysicalDeltaY: ["0018602E", "FD"],
  SliceThickness: ["00180050", "DS"],
  EchoTime: ["00180081", "DS"],
  SpacingBetweenSlices: ["00180088", "DS"],
  TriggerTime: ["00181060", "DS"],
  EstimatedRadiographicMagnificationFactor: ["00181114", "DS"],
  ImagerPixelSpacing: ["00181164", "DS"],
  NominalScannedPixelSpacing: ["00182010", "DS"],
  DiffusionBValue: ["00189087", "FD"],
  MREchoSequence: ["00189114", "SQ"],
  EffectiveEchoTime: ["00189082", "FD"],
  MRDiffusionSequence: ["00189117", "SQ"],
  StudyInstanceUID: ["0020000D", "UI"],
  SeriesInstanceUID: ["0020000E", "UI"],
  SeriesNumber: ["00200011", "IS"],
  AcquisitionNumber: ["00200012", "IS"],
  InstanceNumber: ["00200013", "IS"],
  ImagePositionPatient: ["00200032", "DS"],
  ImageOrientationPatient: ["00200037", "DS"],
  FrameOfReferenceUID: ["00200052", "UI"],
  TemporalPositionIdentifier: ["00200100", "IS"],
  FrameContentSequence: ["00209111", "SQ"],
  PlanePositionSequence: ["00209113", "SQ"],
  PlaneOrientationSequence: ["00209116", "SQ"],
  TemporalPositionIndex: ["00209128", "UL"],
  SamplesPerPixel: ["00280002", "US"],
  PhotometricInterpretation: ["00280004", "CS"],
  PlanarConfiguration: ["00280006", "US"],
  NumberOfFrames: ["00280008", "IS"],
  Rows: ["00280010", "US"],
  Columns: ["00280011", "US"],
  PixelSpacing: ["00280030", "DS"],
  PixelAspectRatio: ["00280034", "IS"],
  BitsAllocated: ["00280100", "US"],
  BitsStored: ["00280101", "US"],
  HighBit: ["00280102", "US"],
  PixelRepresentation: ["00280103", "US"],
  PixelSpacingCalibrationType: ["00280A02", "CS"],
  WindowCenter: ["00281050", "DS"],
  WindowWidth: ["00281051", "DS"],
  RescaleIntercept: ["00281052", "DS"],
  RescaleSlope: ["00281053", "DS"],
  PixelMeasuresSequence: ["00289110", "SQ"],
  SharedFunctionalGroupsSequence: ["52009229", "SQ"],
  PerFrameFunctionalGroupsSequence: ["52009230", "SQ"],
  PixelData: ["7FE00010", "OW"],
} as const satisfies Record<string, readonly [tag: string, vr: string]>;
type Keyword = keyof typeof dictionary;

type Value = string | number | readonly string[] | readonly number[] | readonly Elements[] | Uint8Array | Uint16Array | Int16Array;

/** A data set, or an item of a sequence: values by keyword. */
export type Elements = { readonly [K in Keyword]?: Value };

/** UIDs of what tests write most. */
export const uids = {
  explicitLittle: "1.2.840.10008.1.2.1",
  ct: "1.2.840.10008.5.1.4.1.1.2",
  mr: "1.2.840.10008.5.1.4.1.1.4",
  enhancedMr: "1.2.840.10008.5.1.4.1.1.4.1",
  secondaryCapture: "1.2.840.10008.5.1.4.1.1.7",
  basicTextReport: "1.2.840.10008.5.1.4.1.1.88.11",
} as const;

/** An image of one frame as scanners write it, 4 columns x 3 rows of signed 16 bits; `elements` add to it and replace what it has. */
export function ctSlice(elements: Elements = {}): Elements {
  const { Rows = 3, Columns = 4 } = elements;
  return {
    SOPClassUID: uids.ct,
    SOPInstanceUID: "1.2.3.4.1",
    Modality: "CT",
    StudyInstanceUID: "1.2.3",
    SeriesInstanceUID: "1.2.3.4",
    SeriesNumber: 3,
    InstanceNumber: 1,
    ImagePositionPatient: [-10, -20, 30],
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    FrameOfReferenceUID: "1.2.3.9",
    PixelSpacing: [0.8, 0.7],
    SamplesPerPixel: 1,
    PhotometricInterpretation: "MONOCHROME2",
    Rows,
    Columns,
    BitsAllocated: 16,
    BitsStored: 16,
    HighBit: 15,
    PixelRepresentation: 1,
    PixelData: new Int16Array(Number(Rows) * Number(Columns)),
    ...elements,
  };
}

/** The bytes of a DICOM file: preamble, file meta information, and a data set in explicit VR little endian. */
export function dicomBytes(elements: Elements, { transferSyntax = uids.explicitLittle as string } = {}): Uint8Array {
  const meta = Buffer.concat([
    element("00020001", "OB", Buffer.from([0, 1])),
    element("00020002", "UI", text("UI", elements.SOPClassUID ?? "")),
    element("00020003", "UI", text("UI", elements.SOPInstanceUID ?? "")),
    element("00020010", "UI", text("UI", transferSyntax)),
    element("00020012", "UI", text("UI", "1.2.3.99")),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  return Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), element("00020000", "UL", length), meta, dataSet(elements)]);
}

/** In the order of tags, as the standard asks. */
function dataSet(elements: Elements): Buffer {
  const keywords = (Object.keys(elements) as Keyword[]).filter((keyword) => elements[keyword] !== undefined);
  keywords.sort((a, b) => (dictionary[a][0] < dictionary[b][0] ? -1 : 1));
  return Buffer.concat(
    keywords.map((keyword) => {
      const [tag, vr] = dictionary[keyword];
      const value = elements[keyword]!;
      return element(tag, vr, vr === "SQ" ? items(value as readonly Elements[]) : valueBytes(vr, value));
    }),
  );
}

const longForms = ["OB", "OW", "SQ", "UN", "UT"];

function element(tag: string, vr: string, value: Buffer): Buffer {
  const isLong = longForms.includes(vr);
  const head = Buffer.alloc(isLong ? 12 : 8);
  head.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), 0);
  head.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2);
  head.write(vr, 4, "latin1");
  if (isLong) head.writeUInt32LE(value.length, 8);
  else head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
}

function items(sequence: readonly Elements[]): Buffer {
  return Buffer.concat(
    sequence.map((item) => {
      const content = dataSet(item);
      const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
      head.writeUInt32LE(content.length, 4);
      return Buffer.concat([head, content]);
    }),
  );
}

/** Writes a number at a place. */
const numberTypes: Record<string, [bytes: number, write: (at: Buffer, value: number, offset: number) => void]> = {
  US: [2, (at, value, offset) => at.writeUInt16LE(value, offset)],
  UL: [4, (at, value, offset) => at.writeUInt32LE(value, offset)],
  FD: [8, (at, value, offset) => at.writeDoubleLE(value, offset)],
};

function valueBytes(vr: string, value: Value): Buffer {
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  }
  const type = numberTypes[vr];
  if (type === undefined) return text(vr, value);
  const numbers = [value].flat() as readonly number[];
  const bytes = Buffer.alloc(numbers.length * type[0]);
  for (const [i, each] of numbers.entries()) type[1](bytes, each, i * type[0]);
  return bytes;
}

/** Several values with a backslash between, filled to an even length: UIDs with a zero, texts with a space. */
function text(vr: string, value: Value): Buffer {
  const joined = [value].flat().join("\\");
  return Buffer.from(joined.length % 2 === 0 ? joined : joined + (vr === "UI" ? "\0" : " "), "utf8");
}
