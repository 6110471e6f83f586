import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dicomHeader } from "../../../test/support/dicom-attributes.ts";
import { ctSlice, type Elements, uids } from "../../../test/support/dicom-bytes.ts";
import type { DicomFile } from "../../dicom/attributes.ts";
import { pixelSpacing } from "./pixel-size.ts";
import { describedSeries } from "./series.ts";

/** Slices at some heights; the k-th in the file "sK". */
const slices = (heights: readonly number[], more: (k: number) => Elements = () => ({})): DicomFile[] =>
  heights.map((z, k) => dicomHeader(`s${k}`, ctSlice({ InstanceNumber: k + 1, ImagePositionPatient: [-10, -20, z], ...more(k) })));

const order = (files: readonly DicomFile[]) => describedSeries(files).map(({ frames }) => frames.map(({ file }) => file).join(" "));

describe("a series of slices", () => {
  test("ascends along the normal, and is a volume with the affine of its first slice and its mean step", () => {
    const [scan, ...more] = describedSeries(slices([34, 30, 32]));
    expect(more).toEqual([]);
    expect(scan).toMatchObject({ name: "CT-3", rows: 3, columns: 4, isVolume: true, axisCodes: ["L", "P", "S"], warnings: [] });
    expect(scan!.frames).toEqual([{ file: "s1" }, { file: "s2" }, { file: "s0" }]);
    expect([scan!.spacing, scan!.spacingSource]).toEqual([[0.8, 0.7], "PixelSpacing"]);
    expect(scan!.affine).toEqual([
      [0.7, 0, 0, -10],
      [0, 0.8, 0, -20],
      [0, 0, 2, 30],
    ]);
  });

  test("is the same whatever the order of its files", () => {
    const files = slices([34, 30, 32, 30, 44], (k) => ({
      EchoTime: k === 3 ? 80 : 10,
      ...(k === 4 && { ImageOrientationPatient: [0, 1, 0, 0, 0, -1] }),
    }));
    const expected = describedSeries(files);
    fc.assert(
      fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
        expect(describedSeries(shuffled)).toEqual(expected);
      }),
    );
  });

  test("may be off its places by 1 % of the step, not by more", () => {
    expect(describedSeries(slices([0, 2.015, 4]))[0]!.isVolume).toBe(true);
    expect(describedSeries(slices([0, 2.025, 4]))[0]).toMatchObject({ isVolume: false, affine: undefined, axisCodes: ["L", "P", "S"] });
    expect(describedSeries(slices([0, 0.109, 0.2]))[0]!.isVolume).toBe(true); // 0.01 mm
  });

  test("with a gap is no volume, and the gap is named", () => {
    const [scan] = describedSeries(slices([0, 2, 4, 8, 10]));
    expect(scan).toMatchObject({ isVolume: false, affine: undefined });
    expect(scan!.warnings).toEqual(["gap between slices 3 and 4: 4 mm instead of 2"]);
    expect(describedSeries(slices([0, 2, 4.2, 6.6, 8.2]))[0]!.warnings[0]).toContain("1.6 to 2.4 mm apart (most between slices 3 and 4)");
  });

  test("with a tilt keeps its shear and says so", () => {
    const [scan] = describedSeries(slices([0, 2, 4], (k) => ({ ImagePositionPatient: [-10, -20 + 0.5 * k, 2 * k] })));
    expect(scan).toMatchObject({ isVolume: true, warnings: [expect.stringContaining("tilt: each slice is shifted by 0.5 mm")] });
    expect(scan!.affine![1]).toEqual([0, 0.8, 0.5, -20]);
  });

  test("with a slice that lies aside is no volume", () => {
    const [scan] = describedSeries(slices([0, 2, 4], (k) => ({ ImagePositionPatient: [-10, k === 1 ? -15 : -20, 2 * k] })));
    expect(scan).toMatchObject({ isVolume: false, warnings: [expect.stringContaining("slice 2 is shifted in its plane")] });
  });

  test("of one slice takes its step from SpacingBetweenSlices, then SliceThickness, else has no affine", () => {
    const of = (elements: Elements) => describedSeries(slices([30], () => elements))[0]!;
    expect(of({ SpacingBetweenSlices: 4, SliceThickness: 5 })).toMatchObject({
      isVolume: false,
      warnings: ["single slice: step from SpacingBetweenSlices"],
    });
    expect(of({ SliceThickness: 5 }).affine![2]).toEqual([0, 0, 5, 30]);
    expect(of({})).toMatchObject({ affine: undefined, warnings: ["single slice: its thickness is not given"] });
  });

  test("is split where rows, columns, orientation, size of pixels, kind of object or series differ", () => {
    const others: Elements[] = [
      { Rows: 5 },
      { ImageOrientationPatient: [1, 0.0002, 0, -0.0002, 1, 0] },
      { PixelSpacing: [0.8, 0.71] },
      { SOPClassUID: uids.mr },
      { SeriesInstanceUID: "1.2.3.5" },
    ];
    for (const other of others) {
      const scans = describedSeries(slices([0, 2, 4], (k) => (k === 1 ? other : {})));
      expect(scans.map(({ name, frames }) => [name, frames.length])).toEqual([
        ["CT-3", 2],
        ["CT-3-2", 1],
      ]);
    }
    expect(order(slices([0, 2, 4], (k) => (k === 1 ? { ImageOrientationPatient: [1, 0.00005, 0, -0.00005, 1, 0] } : {})))).toEqual([
      "s0 s1 s2",
    ]);
  });

  test("whose UID was removed is one of a folder", () => {
    const file = (name: string, z: number) =>
      dicomHeader(name, ctSlice({ SeriesInstanceUID: "", SeriesNumber: "", ImagePositionPatient: [0, 0, z] }));
    expect(order([file("a/1", 2), file("b/1", 3), file("a/2", 0), file("b/2", 1)])).toEqual(["a/2 a/1", "b/2 b/1"]);
  });

  test("without positions is ordered by InstanceNumber", () => {
    const files = slices([0, 0, 0], (k) => ({ ImagePositionPatient: "", ImageOrientationPatient: "", InstanceNumber: 3 - k }));
    const [scan] = describedSeries(files);
    expect(scan).toMatchObject({
      isVolume: false,
      affine: undefined,
      warnings: ["no position: images in the order of InstanceNumber, no volume"],
    });
    expect(scan!.axisCodes).toBeUndefined();
    expect(order(files)).toEqual(["s2 s1 s0"]);
  });
});

describe("frames at one place", () => {
  const heights = [0, 2, 4, 0, 2, 4];
  test.each<[string, (k: number) => Elements]>([
    ["EchoTime", (k) => ({ EchoTime: k < 3 ? 80 : 9.5 })],
    ["temporal position", (k) => ({ TemporalPositionIdentifier: k < 3 ? 2 : 1 })],
    ["trigger time", (k) => ({ TriggerTime: k < 3 ? 100 : 20 })],
    ["b-value", (k) => ({ DiffusionBValue: k < 3 ? 1000 : 0 })],
    ["AcquisitionNumber", (k) => ({ AcquisitionNumber: k < 3 ? 10 : 9 })],
    ["ImageType", (k) => ({ ImageType: ["ORIGINAL", "PRIMARY", k < 3 ? "P" : "M"] })],
  ])("are told apart by %s, in its order", (_, mark) => {
    expect(order(slices(heights, mark))).toEqual(["s3 s4 s5", "s0 s1 s2"]);
    expect(describedSeries(slices(heights, mark)).map(({ name, isVolume }) => [name, isVolume])).toEqual([
      ["CT-3", true],
      ["CT-3-2", true],
    ]);
  });

  test("are told apart by the first mark that makes them unique", () => {
    // The echo time differs, too, but leaves two slices at one place.
    expect(order(slices(heights, (k) => ({ EchoTime: k === 0 ? 5 : 10, AcquisitionNumber: k < 3 ? 1 : 2 })))).toEqual([
      "s0 s1 s2",
      "s3 s4 s5",
    ]);
  });

  test("that only two marks tell apart are told apart by both", () => {
    const files = slices([0, 2, 0, 2, 0, 2, 0, 2], (k) => ({
      EchoTime: k < 4 ? 10 : 80,
      TemporalPositionIdentifier: 1 + (Math.floor(k / 2) % 2),
    }));
    expect(order(files)).toEqual(["s0 s1", "s2 s3", "s4 s5", "s6 s7"]);
  });

  test("that nothing tells apart: the lowest InstanceNumber stays, the others are named", () => {
    const [scan, ...more] = describedSeries(slices([0, 2, 4, 2], (k) => ({ InstanceNumber: 9 - k })));
    expect(more).toEqual([]);
    expect(scan!.frames.map(({ file }) => file)).toEqual(["s0", "s3", "s2"]);
    expect(scan).toMatchObject({ isVolume: true, warnings: [expect.stringMatching(/^duplicate position: s1; /)] });
  });
});

describe("frames of one file", () => {
  const frame = (z: number, time: number): Elements => ({
    PlanePositionSequence: [{ ImagePositionPatient: [0, 0, z] }],
    FrameContentSequence: [{ TemporalPositionIndex: time }],
  });
  const enhanced = (frames: readonly Elements[], shared: Elements = {}) => {
    const elements = ctSlice({
      SOPClassUID: uids.enhancedMr,
      Modality: "MR",
      NumberOfFrames: frames.length,
      PerFrameFunctionalGroupsSequence: frames,
    });
    const orientation = { PlaneOrientationSequence: [{ ImageOrientationPatient: [1, 0, 0, 0, 1, 0] }] };
    const measures = { PixelMeasuresSequence: [{ PixelSpacing: [0.5, 0.6], SliceThickness: 99 }] };
    const { ImagePositionPatient, ImageOrientationPatient, PixelSpacing, ...rest } = elements;
    return [dicomHeader("e", { ...rest, SharedFunctionalGroupsSequence: [{ ...orientation, ...measures, ...shared }] })];
  };

  test("are placed by functional groups", () => {
    const [scan] = describedSeries(enhanced([frame(4, 1), frame(0, 1), frame(2, 1)]));
    expect(scan!.frames).toEqual([2, 3, 1].map((number) => ({ file: "e", number })));
    expect(scan).toMatchObject({ name: "MR-3", isVolume: true, spacing: [0.5, 0.6], warnings: [] });
    expect(scan!.affine![2]).toEqual([0, 0, 2, 0]);
  });

  test("are split by their marks, too", () => {
    const scans = describedSeries(enhanced([frame(0, 2), frame(2, 1), frame(0, 1), frame(2, 2)]));
    expect(scans.map(({ frames }) => frames.map(({ number }) => number))).toEqual([
      [3, 2],
      [1, 4],
    ]);
  });

  test("without positions are a recording of their own", () => {
    const cine = (name: string, number: number) =>
      dicomHeader(
        name,
        ctSlice({ Modality: "US", InstanceNumber: number, NumberOfFrames: 2, ImagePositionPatient: "", ImageOrientationPatient: "" }),
      );
    const scans = describedSeries([cine("b", 2), cine("a", 1)]);
    expect(scans.map(({ name, frames }) => [name, frames])).toEqual([
      [
        "US-3",
        [
          { file: "a", number: 1 },
          { file: "a", number: 2 },
        ],
      ],
      [
        "US-3-2",
        [
          { file: "b", number: 1 },
          { file: "b", number: 2 },
        ],
      ],
    ]);
  });
});

describe("names", () => {
  test("are made of modality and series number, never of the patient or of a path", () => {
    const name = (elements: Elements) => describedSeries([dicomHeader("f", ctSlice({ PatientName: "Doe^Jane", ...elements }))])[0]!.name;
    expect(name({ SeriesNumber: "" })).toBe("CT");
    expect(name({ Modality: "../../X", SeriesNumber: "7" })).toBe("X-7");
    expect(name({ Modality: "", SeriesNumber: "../7" })).toBe("OT");
  });

  test("with a number stay those of the series that has it", () => {
    const series = (uid: string, SeriesNumber: string) => dicomHeader(uid, ctSlice({ SeriesInstanceUID: uid, SeriesNumber }));
    expect(describedSeries([series("1.1", ""), series("1.2", ""), series("1.3", "2")]).map(({ name }) => name)).toEqual([
      "CT-2",
      "CT",
      "CT-3",
    ]);
  });
});

describe("the size of a pixel", () => {
  const of = (elements: Elements) => pixelSpacing(dicomHeader("f", elements).attributes);
  const region = (x: number, y: number, more: Elements = {}): Elements => ({
    RegionSpatialFormat: 1,
    PhysicalUnitsXDirection: 3,
    PhysicalUnitsYDirection: 3,
    PhysicalDeltaX: x,
    PhysicalDeltaY: y,
    ...more,
  });

  test("of a projection at the detector is divided by the magnification, where it is known", () => {
    expect(of({ ImagerPixelSpacing: [0.2, 0.1] })).toMatchObject({ spacing: [0.2, 0.1], source: "ImagerPixelSpacing, at the detector" });
    expect(of({ ImagerPixelSpacing: [0.2, 0.1], EstimatedRadiographicMagnificationFactor: 2 })).toEqual({
      spacing: [0.1, 0.05],
      source: "ImagerPixelSpacing / EstimatedRadiographicMagnificationFactor",
      warnings: [],
    });
    expect(of({ ImagerPixelSpacing: [0.2, 0.1], EstimatedRadiographicMagnificationFactor: 0 }).warnings).toEqual([
      expect.stringContaining("at the detector"),
    ]);
  });

  test("that is no length is unknown, and said", () => {
    expect(of({ PixelSpacing: [0.5, 0] })).toEqual({ warnings: ["PixelSpacing is 0.5\\0, which is no size of a pixel"] });
    expect(of({ PixelSpacing: [0, 0], NominalScannedPixelSpacing: [0.3, 0.3] })).toMatchObject({
      spacing: [0.3, 0.3],
      warnings: [expect.stringContaining("PixelSpacing is 0\\0")],
    });
    expect(of({ PixelAspectRatio: [1, 2] })).toEqual({ warnings: [] });
  });

  test("of ultrasound is that of its 2D region in centimetres, where all have one scale", () => {
    expect(of({ SequenceOfUltrasoundRegions: [region(-0.02, 0.03), region(1, 1, { RegionSpatialFormat: 2 })] })).toEqual({
      spacing: [expect.closeTo(0.3, 12), expect.closeTo(0.2, 12)],
      source: "SequenceOfUltrasoundRegions",
      warnings: [],
    });
    expect(of({ SequenceOfUltrasoundRegions: [region(0.02, 0.03), region(0.03, 0.03)] }).warnings).toEqual([
      expect.stringContaining("different scales"),
    ]);
    expect(of({ SequenceOfUltrasoundRegions: [region(0.02, 0.03, { PhysicalUnitsXDirection: 4 })] }).spacing).toBeUndefined();
  });
});
