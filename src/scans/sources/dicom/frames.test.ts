import { describe, expect, test } from "vitest";
import { type DicomValues, dicomBytes } from "../../../../test/support/dicom.ts";
import { InputError } from "../../../errors.ts";
import type { View } from "../image-source.ts";
import { dicomFrames, openDicom } from "./frames.ts";
import { ValueCounts } from "./levels.ts";

const words = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);

/** A gray image of 3 x 2 pixels of 16 bits with the values 0 to 5, unless said otherwise. */
const gray: DicomValues = {
  SOPClassUID: "1.2.840.10008.5.1.4.1.1.4",
  Modality: "MR",
  SamplesPerPixel: 1,
  PhotometricInterpretation: "MONOCHROME2",
  Rows: 2,
  Columns: 3,
  BitsAllocated: 16,
  BitsStored: 16,
  HighBit: 15,
  PixelRepresentation: 0,
  PixelData: words(0, 1, 2, 3, 4, 5),
};
const colour: DicomValues = {
  ...gray,
  SamplesPerPixel: 3,
  PhotometricInterpretation: "RGB",
  PlanarConfiguration: 0,
  Rows: 1,
  Columns: 2,
  BitsAllocated: 8,
  BitsStored: 8,
  HighBit: 7,
  PixelData: Uint8Array.of(1, 2, 3, 4, 5, 6),
};
const bytesGray: DicomValues = { ...gray, BitsAllocated: 8, BitsStored: 8, HighBit: 7, PixelData: Uint8Array.of(0, 1, 2, 3, 4, 255) };

const content = (values: DicomValues, syntax?: string) => ({ name: "a.dcm", bytes: dicomBytes(values, syntax ? { syntax } : {}) });
const frames = async (values: DicomValues, syntax?: string) => await dicomFrames(content(values, syntax));
const valuesOf = async (values: DicomValues, syntax?: string) => (await frames(values, syntax)).map(({ pixels }) => [...pixels.data]);

/** One channel of each frame as it is shown. */
async function shown(values: DicomValues, view: Partial<View> = {}) {
  const all = await Promise.all((await frames(values)).map((frame) => frame.display({ mode: "paper", ...view })));
  return all.map(({ image, ...rest }) => ({ levels: [...image.data].filter((_, i) => i % 3 === 0), ...rest }));
}
const levels = async (values: DicomValues, view?: Partial<View>) => (await shown(values, view))[0]!.levels;

describe("values", () => {
  test("are the stored ones without a rescale, else float32", async () => {
    const [plain] = await frames(gray);
    expect(plain!.pixels).toMatchObject({ width: 3, height: 2, space: "gray", channels: 1, stride: 1, bitDepth: 16 });
    expect(plain!.pixels.data).toEqual(Uint16Array.of(0, 1, 2, 3, 4, 5));
    const [scaled] = await frames({ ...gray, RescaleSlope: "0.1", RescaleIntercept: "-1000" });
    expect(scaled!.pixels.data).toEqual(Float32Array.of(-1000, -999.9, -999.8, -999.7, -999.6, -999.5));
  });

  test("leave out bits above and below the sample, and take the sign of its highest bit", async () => {
    const bits = { ...gray, BitsStored: 12, HighBit: 11, PixelRepresentation: 1 };
    expect(await valuesOf({ ...bits, PixelData: words(0xf7ff, 0x0800, 0x1fff, 0x0001, 0x8000, 0x0900) })).toEqual([
      [2047, -2048, -1, 1, 0, -1792],
    ]);
    const high = { ...gray, BitsStored: 10, HighBit: 11, PixelData: words(0x0fff, 4, 3, 0xf004, 0, 0x0800) };
    expect(await valuesOf(high)).toEqual([[1023, 1, 0, 1, 0, 512]]);
  });

  test("are the same in big endian, also where two bytes share a word", async () => {
    const big = "1.2.840.10008.1.2.2";
    const swapped = { vr: "OW", value: Buffer.from(words(0, 1, 2, 3, 4, 500)).swap16() };
    expect(await valuesOf({ ...gray, PixelData: swapped }, big)).toEqual([[0, 1, 2, 3, 4, 500]]);
    const paired = { vr: "OW", value: Uint8Array.of(1, 0, 3, 2, 255, 4) };
    expect(await valuesOf({ ...bytesGray, PixelData: paired }, big)).toEqual([[0, 1, 2, 3, 4, 255]]);
    expect(await valuesOf({ ...bytesGray, PixelData: { vr: "OB", value: Uint8Array.of(0, 1, 2, 3, 4, 5) } }, big)).toEqual([
      [0, 1, 2, 3, 4, 5],
    ]);
  });

  test("of one bit begin with the lowest bit, and frames share bytes", async () => {
    const bits = { ...gray, BitsAllocated: 1, BitsStored: 1, HighBit: 0, NumberOfFrames: 2, PixelData: Uint8Array.of(0b01000101, 0b0111) };
    expect(await valuesOf(bits)).toEqual([
      [1, 0, 1, 0, 0, 0],
      [1, 0, 1, 1, 1, 0],
    ]);
    expect(await levels(bits)).toEqual([255, 0, 255, 0, 0, 0]);
  });

  test("of floating-point pixels are kept", async () => {
    const { PixelData: _, ...rest } = gray;
    expect(await valuesOf({ ...rest, FloatPixelData: [0.5, -1, 2, 3, 4, 5] })).toEqual([[0.5, -1, 2, 3, 4, 5]]);
    expect(await valuesOf({ ...rest, DoubleFloatPixelData: [0.5, -1, 2, 3, 4, 5] })).toEqual([[0.5, -1, 2, 3, 4, 5]]);
  });

  test("go through a lookup table, whose ends hold beyond it", async () => {
    const table = { LUTDescriptor: { vr: "SS", value: [3, 1, 16] }, LUTData: [100, 200, 60000] };
    expect(await valuesOf({ ...gray, ModalityLUTSequence: [table], RescaleSlope: "5" })).toEqual([[100, 100, 200, 60000, 60000, 60000]]);
  });

  test("of enhanced objects are rescaled frame by frame", async () => {
    const rescale = (slope: string) => [{ RescaleSlope: slope, RescaleIntercept: "1" }];
    const values = {
      ...gray,
      Columns: 1,
      NumberOfFrames: 3,
      SharedFunctionalGroupsSequence: [{ PixelValueTransformationSequence: rescale("10") }],
      PerFrameFunctionalGroupsSequence: [{}, { PixelValueTransformationSequence: rescale("2") }, {}],
    };
    expect(await valuesOf(values)).toEqual([
      [1, 11],
      [5, 7],
      [41, 51],
    ]);
  });

  test("are decoded from RLE, also of one bit, and from deflated frames", async () => {
    const { PixelData: _, ...header } = bytesGray;
    const segment = [254, 7, 2, 1, 2, 3]; // three 7s, then 1 2 3
    const rle = new Uint8Array(64 + segment.length);
    new Uint32Array(rle.buffer, 0, 2).set([1, 64]);
    rle.set(segment, 64);
    const read = async (values: DicomValues, syntax: string, fragment: Uint8Array) =>
      (await dicomFrames({ name: "a.dcm", bytes: dicomBytes(values, { syntax, fragments: [fragment] }) })).map(({ pixels }) => [
        ...pixels.data,
      ]);
    expect(await read(header, "1.2.840.10008.1.2.5", rle)).toEqual([[7, 7, 7, 1, 2, 3]]);
    const one = { ...header, BitsAllocated: 1, BitsStored: 1, HighBit: 0 };
    const bits = new Uint8Array(66);
    new Uint32Array(bits.buffer, 0, 2).set([1, 64]);
    bits.set([0, 0b101001], 64);
    expect(await read(one, "1.2.840.10008.1.2.5", bits)).toEqual([[1, 0, 0, 1, 0, 1]]);
    const { deflateRawSync } = await import("node:zlib");
    expect(await read(one, "1.2.840.10008.1.2.8.1", deflateRawSync(Uint8Array.of(0b100110)))).toEqual([[0, 1, 1, 0, 0, 1]]);
  });
});

describe("colours", () => {
  test("are interleaved, whether they are stored so or as planes of each frame", async () => {
    expect(await valuesOf(colour)).toEqual([[1, 2, 3, 4, 5, 6]]);
    const planes = {
      ...colour,
      PlanarConfiguration: 1,
      NumberOfFrames: 2,
      PixelData: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    };
    expect(await valuesOf(planes)).toEqual([
      [1, 3, 5, 2, 4, 6],
      [7, 9, 11, 8, 10, 12],
    ]);
  });

  test("deeper than 8 bits keep their upper bits", async () => {
    const deep = { ...colour, BitsAllocated: 16, BitsStored: 12, HighBit: 11, PixelData: words(4095, 15, 16, 256, 0, 2048) };
    expect(await valuesOf(deep)).toEqual([[255, 0, 1, 16, 0, 128]]);
  });

  test("of YBR are converted; chromas of two pixels are repeated", async () => {
    // Y = 100, Cb = 128, Cr = 228: R = 100 + 140.2, G = 100 - 71.4136, B = 100
    const whole = { ...colour, PhotometricInterpretation: "YBR_FULL", PixelData: Uint8Array.of(100, 128, 228, 100, 128, 128) };
    expect(await valuesOf(whole)).toEqual([[240, 29, 100, 100, 100, 100]]);
    const halved = { ...colour, PhotometricInterpretation: "YBR_FULL_422", PixelData: Uint8Array.of(100, 200, 128, 228) };
    expect(await valuesOf(halved)).toEqual([[240, 29, 100, 255, 129, 200]]);
  });

  test("of a palette are looked up, clamped at its ends, of plain and of segmented tables", async () => {
    const palette = (data: string, entries: object) => ({
      ...bytesGray,
      PhotometricInterpretation: "PALETTE COLOR",
      ...Object.fromEntries(
        ["Red", "Green", "Blue"].flatMap((name) => [
          [`${name}PaletteColorLookupTableDescriptor`, [4, 1, 16]],
          [`${data.replace("COLOUR", name)}`, entries],
        ]),
      ),
    });
    const plain = palette("COLOURPaletteColorLookupTableData", { vr: "OW", value: [0x1000, 0x2000, 0x30ff, 0x4000] });
    expect((await valuesOf(plain))[0]!.filter((_, i) => i % 3 === 0)).toEqual([0x10, 0x10, 0x20, 0x30, 0x40, 0x40]);
    // One entry, then three on a ramp to 0x4000.
    const runs = palette("SegmentedCOLOURPaletteColorLookupTableData", { vr: "OW", value: [0, 1, 0x1000, 1, 3, 0x4000] });
    const [frame] = await frames(runs);
    expect([...frame!.pixels.data].filter((_, i) => i % 3 === 1)).toEqual([0x10, 0x10, 0x20, 0x30, 0x40, 0x40]);
    expect((await frame!.display({ mode: "paper" })).image.data).toEqual(frame!.pixels.data);
  });
});

describe("display", () => {
  const windowed = { ...gray, WindowCenter: "2.5", WindowWidth: "5" };

  test("applies the first valid window by its function", async () => {
    // LINEAR: (x - 2) / 4 + 0.5
    expect(await levels(windowed)).toEqual([0, 64, 128, 191, 255, 255]);
    // LINEAR_EXACT: (x - 2.5) / 5 + 0.5
    expect(await levels({ ...windowed, VOILUTFunction: "LINEAR_EXACT" })).toEqual([0, 51, 102, 153, 204, 255]);
    // SIGMOID: 1 / (1 + exp(-4 (x - 2.5) / 5))
    expect(await levels({ ...windowed, VOILUTFunction: "SIGMOID" })).toEqual([30, 59, 102, 153, 196, 225]);
    expect(await levels({ ...windowed, WindowWidth: "1" })).toEqual([0, 0, 0, 255, 255, 255]);
    const [second] = await shown({ ...gray, WindowCenter: "9\\2.5", WindowWidth: "0\\5" });
    expect(second).toMatchObject({
      levels: [0, 64, 128, 191, 255, 255],
      window: { kind: "window", function: "LINEAR", center: 2.5, width: 5 },
    });
    expect(second!.warnings).toEqual(["its window with the width 0 is invalid and was not used"]);
  });

  test("applies the window that is asked for, and says so", async () => {
    const [asked] = await shown(windowed, { window: { center: 1, width: 3 } });
    expect(asked).toMatchObject({ levels: [64, 191, 255, 255, 255, 255], window: { kind: "asked", center: 1, width: 3 }, warnings: [] });
  });

  test("prefers a lookup table to a window", async () => {
    const table = { LUTDescriptor: [3, 2, 8], LUTData: { vr: "OW", value: [0, 128, 255] } };
    const [frame] = await shown({ ...windowed, VOILUTSequence: [table] });
    expect(frame).toMatchObject({ levels: [0, 0, 0, 128, 255, 255], window: { kind: "lut", entries: 3, first: 2, bits: 8 } });
  });

  test("has defaults without a window: 8 bits as they are, CT 40/400, percentiles for the rest", async () => {
    expect(await levels(bytesGray)).toEqual([0, 1, 2, 3, 4, 255]);
    const [ct] = await shown({ ...gray, Modality: "CT", RescaleIntercept: "-160", PixelData: words(0, 100, 200, 300, 400, 500) });
    expect(ct).toMatchObject({ levels: [0, 64, 128, 192, 255, 255], window: { kind: "default CT", center: 40, width: 400 } });
    const [rest] = await shown({ ...gray, NumberOfFrames: 2, PixelData: words(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) });
    // Percentiles of 0 to 11: 0.055 and 10.945.
    expect(rest!.window).toEqual({ kind: "percentiles", low: expect.closeTo(0.055, 6), high: expect.closeTo(10.945, 6) });
    expect(rest!.levels).toEqual([0, 22, 46, 69, 92, 116]);
    expect(rest!.warnings).toEqual([expect.stringMatching(/^has no window; values of 0\.05.* to 10\.94.* were mapped to 0 to 255$/)]);
    expect(await levels({ ...gray, PixelData: words(7, 7, 7, 7, 7, 7) })).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("takes percentiles of a series, if given, only for frames without a window", async () => {
    let asked = 0;
    const given = async () => {
      asked++;
      return [0, 10] as const;
    };
    const show = async (values: DicomValues) => await (await (await openDicom(content(values), given)).read(0)).display({ mode: "paper" });
    expect((await show(windowed)).window).toMatchObject({ kind: "window" });
    expect(asked).toBe(0);
    expect((await show(gray)).window).toEqual({ kind: "percentiles", low: 0, high: 10 });
    const counts = new ValueCounts();
    for (const padding of [{}, { PixelPaddingValue: 5 }]) await (await openDicom(content({ ...gray, ...padding }))).count(counts);
    expect(counts.levels()).toEqual([0, expect.closeTo(4.95, 6)]); // 0 0 1 1 2 2 3 3 4 4 5
  });

  test("inverts once: by the presentation shape, or without it by MONOCHROME1", async () => {
    const inverse = [255, 254, 253, 252, 251, 0];
    expect(await levels({ ...bytesGray, PhotometricInterpretation: "MONOCHROME1" })).toEqual(inverse);
    expect(await levels({ ...bytesGray, PhotometricInterpretation: "MONOCHROME1", PresentationLUTShape: "INVERSE" })).toEqual(inverse);
    expect(await levels({ ...bytesGray, PhotometricInterpretation: "MONOCHROME1", PresentationLUTShape: "IDENTITY" })).toEqual([
      0, 1, 2, 3, 4, 255,
    ]);
  });

  test("shows padding black, also inverted, by stored values", async () => {
    const padded = { ...bytesGray, PhotometricInterpretation: "MONOCHROME1", PixelPaddingValue: 1, PixelPaddingRangeLimit: 3 };
    expect(await levels(padded)).toEqual([255, 0, 0, 0, 251, 0]);
    const signed = {
      ...gray,
      Modality: "CT",
      PixelRepresentation: 1,
      PixelData: words(0, 1, 2, 3, 4, 63536),
      PixelPaddingValue: { vr: "US", value: 63536 },
    };
    expect((await valuesOf(signed))[0]![5]).toBe(-2000);
    expect((await levels(signed))[5]).toBe(0);
  });
});

test("a lossy source is named", async () => {
  const [frame] = await frames({ ...gray, LossyImageCompression: "01", LossyImageCompressionRatio: "12.5" });
  expect(frame!.warnings).toEqual(["was compressed with loss (ratio 12.5): values differ from those that were measured"]);
});

describe("refused are", () => {
  const refused = async (values: DicomValues, message: string, syntax?: string) => {
    const attempt = frames(values, syntax);
    await expect(attempt).rejects.toThrow(InputError);
    await expect(attempt).rejects.toThrow(`"a.dcm" ${message}`);
  };
  const storage = "1.2.840.10008.5.1.4.1.1";

  test("objects that are no image, by what they are", async () => {
    const { PixelData: _, ...bare } = gray;
    await refused(bare, "is a DICOM object without pixel data, not an image");
    await refused({ ...gray, SOPClassUID: `${storage}.66.4` }, "is a segmentation, not an image");
    await refused({ ...gray, SOPClassUID: `${storage}.481.2` }, "is a radiotherapy dose, not an image");
    await refused({ SOPClassUID: `${storage}.88.33` }, "is a structured report, not an image");
    await refused({ SOPClassUID: "1.2.840.10008.1.3.10" }, "is a DICOM directory (DICOMDIR)");
    expect(await valuesOf({ ...gray, SOPClassUID: `${storage}.481.1` })).toHaveLength(1);
  });

  test("sizes that are missing, wrong or too large, before anything is allocated", async () => {
    await refused({ ...gray, Rows: 0 }, "is a damaged DICOM file: its Rows is 0; expected a whole number from 1 to 65535");
    await refused({ ...gray, Rows: 65535, Columns: 65535 }, "has 65535 x 65535 pixels; at most 100 million are read");
    await refused({ ...gray, Rows: 200 }, "is a truncated DICOM file: its pixel data have 12 bytes, expected 1200 for 1 frames");
    await refused({ ...gray, NumberOfFrames: "2000000000" }, "is a truncated DICOM file");
    await refused({ ...gray, NumberOfFrames: "1A" }, "is a damaged DICOM file: its NumberOfFrames is NaN");
    await refused({ ...gray, BitsStored: 17 }, "is a damaged DICOM file: its BitsStored is 17; expected a whole number from 1 to 16");
    await refused({ ...gray, HighBit: 3 }, "is a damaged DICOM file: its HighBit is 3");
    await refused(
      { ...gray, SamplesPerPixel: 4, PhotometricInterpretation: "CMYK" },
      "has 4 samples a pixel of CMYK, which is not supported",
    );
    await refused({ ...gray, RescaleSlope: "x" }, "is a damaged DICOM file: its rescale has the slope NaN");
    await refused(
      { ...gray, PhotometricInterpretation: "PALETTE COLOR" },
      "is a damaged DICOM file: its RedPaletteColorLookupTableDescriptor has 0 numbers",
    );
  });

  test("unknown transfer syntaxes, and compressed data in native ones and the other way round", async () => {
    const unknown =
      "is a DICOM file with transfer syntax 1.2.840.10008.1.2.4.100, which cannot be decoded. Convert it to JPEG 2000 or RLE first.";
    await refused(gray, unknown, "1.2.840.10008.1.2.4.100");
    await refused(gray, "is a damaged DICOM file: its pixel data are not compressed", "1.2.840.10008.1.2.5");
  });
});
