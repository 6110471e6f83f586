import { expect, test } from "vitest";
import { tagOf as standardTag, vrOf } from "../dictionary.ts";
import { readDicom } from "../read-file.ts";
import { decimalText } from "./decimal.ts";
import { elements } from "./elements.ts";
import { encodeDicom } from "./encode-file.ts";

const sop = { classUid: "1.2.840.10008.5.1.4.1.1.7", instanceUid: "2.25.7" };
const read = (bytes: Uint8Array) => readDicom({ name: "written", bytes });

test("all attributes have the tag and the representation of the standard", () => {
  for (const [keyword, [tag, vr]] of Object.entries(elements)) {
    expect(standardTag(keyword), keyword).toBe(tag);
    expect(vrOf(tag)?.replace("ox", "OB").replace("xs", "US"), keyword).toBe(vr);
  }
});

test("what is written is read back: texts, numbers, bytes, nested items, empty values", () => {
  const { attributes, transferSyntax } = read(
    encodeDicom(sop, {
      PatientID: "odd",
      PatientName: "",
      ImageType: ["DERIVED", "PRIMARY"],
      Rows: 3,
      DimensionIndexValues: [1, 70000],
      PixelSpacing: [0.5, 1 / 3],
      FloatingPointValue: Math.PI,
      DimensionIndexPointer: elements.ImagePositionPatient[0],
      ReferencedSeriesSequence: [{ SeriesInstanceUID: "1.2.3", ReferencedInstanceSequence: [{ ReferencedSOPInstanceUID: "1.2" }, {}] }],
      PixelData: Uint8Array.of(1, 2, 3),
    }),
  );
  expect(transferSyntax).toBe("1.2.840.10008.1.2.1");
  expect([attributes.text("SOPClassUID"), attributes.text("SOPInstanceUID"), attributes.text("PatientID")]).toEqual([
    sop.classUid,
    "2.25.7",
    "odd",
  ]);
  expect([attributes.has("PatientName"), attributes.has("SpecificCharacterSet")]).toEqual([false, false]);
  expect(attributes.texts("ImageType")).toEqual(["DERIVED", "PRIMARY"]);
  expect([attributes.number("Rows"), attributes.numbers("DimensionIndexValues")]).toEqual([3, [1, 70000]]);
  expect(attributes.numbers("PixelSpacing")[1]).toBeCloseTo(1 / 3, 12);
  expect([attributes.number("FloatingPointValue"), attributes.text("DimensionIndexPointer")]).toEqual([Math.PI, "(0020,0032)"]);
  const [series] = attributes.items("ReferencedSeriesSequence");
  expect(series!.items("ReferencedInstanceSequence").map((item) => item.text("ReferencedSOPInstanceUID"))).toEqual(["1.2", undefined]);
  expect([...attributes.bytes("PixelData")!]).toEqual([1, 2, 3, 0]);
});

test("texts beyond ASCII are UTF-8 and say so, also inside items", () => {
  const { attributes } = read(encodeDicom(sop, { SegmentSequence: [{ SegmentLabel: "Tumör 腫瘍" }] }));
  expect(attributes.text("SpecificCharacterSet")).toBe("ISO_IR 192");
  expect(attributes.items("SegmentSequence")[0]!.text("SegmentLabel")).toBe("Tumör 腫瘍");
});

test("a value too long for an explicit length makes the file implicit", () => {
  const points = Array.from({ length: 9000 }, (_, i) => i + 0.125);
  const { attributes, transferSyntax } = read(encodeDicom(sop, { ROIContourSequence: [{ ContourSequence: [{ ContourData: points }] }] }));
  expect(transferSyntax).toBe("1.2.840.10008.1.2");
  expect(attributes.items("ROIContourSequence")[0]!.items("ContourSequence")[0]!.numbers("ContourData")).toEqual(points);
});

test.each([0, -0.1, 1e-7, 123456789.1234567, -66.04200010597229, -1.23456789e-10, 1e300, 2 / 3])(
  "%d is a decimal text of 16 characters at most",
  (value) => {
    const text = decimalText(value);
    expect(text.length).toBeLessThanOrEqual(16);
    expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-9);
  },
);
