import { readFileSync } from "node:fs";
import { basename } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DicomValues, dicomBytes } from "../../test/support/dicom.ts";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import { InputError } from "../errors.ts";
import { isDicom } from "./first-bytes.ts";
import { headerOfPart, readDicom } from "./read-file.ts";

const values: DicomValues = {
  SOPClassUID: "1.2.840.10008.5.1.4.1.1.4",
  ImageType: "ORIGINAL\\PRIMARY ",
  Modality: "MR",
  PixelSpacing: " 0.5 \\0.75",
  SliceThickness: "",
  Rows: 2,
  Columns: 3,
  PixelRepresentation: 1,
  PixelPaddingValue: { vr: "SS", value: -5 },
  WindowCenter: "40\\x",
  ReferencedImageSequence: [{ ReferencedSOPInstanceUID: "1.2.3" }, { ReferencedSOPInstanceUID: "1.2.4" }],
  PixelData: Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0),
};
const read = (bytes: Uint8Array, header = false) => readDicom({ name: "a.dcm", bytes }, { header });

const syntaxes = {
  "implicit little endian": "1.2.840.10008.1.2",
  "explicit little endian": "1.2.840.10008.1.2.1",
  "explicit big endian": "1.2.840.10008.1.2.2",
  deflated: "1.2.840.10008.1.2.1.99",
};

describe.each(Object.entries(syntaxes))("%s", (_, syntax) => {
  test("gives texts, numbers, bytes and items", () => {
    const { attributes, transferSyntax, name } = read(dicomBytes(values, { syntax }));
    expect([name, transferSyntax]).toEqual(["a.dcm", syntax]);
    expect(attributes.texts("ImageType")).toEqual(["ORIGINAL", "PRIMARY"]);
    expect(attributes.text("SOPClassUID")).toBe("1.2.840.10008.5.1.4.1.1.4");
    expect(attributes.numbers("PixelSpacing")).toEqual([0.5, 0.75]);
    expect(attributes.numbers("WindowCenter")).toEqual([40, Number.NaN]);
    expect([attributes.number("Rows"), attributes.number("PixelPaddingValue")]).toEqual([2, -5]);
    expect(attributes.items("ReferencedImageSequence").map((item) => item.text("ReferencedSOPInstanceUID"))).toEqual(["1.2.3", "1.2.4"]);
    expect(attributes.bytes("PixelData")).toHaveLength(12);
    const absent = ["SliceThickness", "PatientID"];
    for (const keyword of absent) {
      expect(attributes.has(keyword)).toBe(false);
      expect(attributes.number(keyword)).toBeUndefined();
      expect(attributes.texts(keyword)).toEqual([]);
    }
    expect(attributes.has("Rows") && attributes.has("ReferencedImageSequence")).toBe(true);
  });

  test("may lack preamble and meta information, if it is not deflated", () => {
    if (syntax.endsWith(".99")) return;
    const bytes = dicomBytes(values, { syntax, hasMeta: false });
    expect(isDicom(bytes)).toBe(true);
    expect(read(bytes).transferSyntax).toBe(syntax);
    expect(read(bytes).attributes.number("Columns")).toBe(3);
  });

  test("without pixel data is no error", () => {
    const { PixelData: _, ...header } = values;
    expect(read(dicomBytes(header, { syntax })).hasPixelData).toBe(false);
    expect(read(dicomBytes(values, { syntax }), true).hasPixelData).toBe(true);
  });

  test("is refused wherever it is cut off, by name, and damaged bytes never do worse", () => {
    const bytes = dicomBytes(values, { syntax });
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      const attempt = () => read(cut).attributes.bytes("PixelData") ?? [];
      try {
        expect(attempt()).toHaveLength(0); // cut between elements: there are no pixel data
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        expect((error as Error).message).toMatch(/^"a\.dcm" is a (truncated|damaged) DICOM file: /);
      }
    }
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), (changes) => {
        const mutated = Uint8Array.from(bytes);
        for (const [at, value] of changes) mutated[at] = value;
        try {
          const { attributes } = read(mutated);
          for (const keyword of Object.keys(values)) [attributes.texts(keyword), attributes.numbers(keyword), attributes.items(keyword)];
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

test("a header stops before the pixel data", () => {
  const bytes = dicomBytes(values);
  const { attributes } = read(bytes, true);
  expect([attributes.number("Rows"), attributes.bytes("PixelData")]).toEqual([2, undefined]);
});

test("a header can be read from the first bytes of a file, unless its pixel data have no place there", () => {
  const bytes = dicomBytes(values);
  const part = (length: number, size = bytes.length) => headerOfPart({ name: "a.dcm", bytes: bytes.subarray(0, length) }, size);
  expect(part(bytes.length - 12)?.attributes.number("Rows")).toBe(2);
  expect(part(bytes.length - 13)).toBeUndefined();
  expect(() => part(bytes.length - 1, bytes.length - 1)).toThrow("element (7FE0,0010) needs 12 bytes");
  const deflated = dicomBytes(values, { syntax: "1.2.840.10008.1.2.1.99" });
  expect(headerOfPart({ name: "a.dcm", bytes: deflated.subarray(0, deflated.length - 8) }, deflated.length)).toBeUndefined();
});

test("fragments are kept apart, the offset table first", () => {
  const { PixelData: _, ...header } = values;
  const bytes = dicomBytes(header, { syntax: "1.2.840.10008.1.2.5", fragments: [Uint8Array.of(7, 8), Uint8Array.of(9)], offsets: [0] });
  const { fragments } = read(bytes).attributes.element("PixelData")!;
  expect(fragments?.map((each) => [...each])).toEqual([
    [0, 0, 0, 0],
    [7, 8],
    [9, 0],
  ]);
});

test("representations are read as they are written, also where the transfer syntax says otherwise", () => {
  const implicit = dicomBytes(values, { syntax: "1.2.840.10008.1.2", hasMeta: false });
  const claimed = dicomBytes({}, { syntax: "1.2.840.10008.1.2.1" });
  expect(read(Buffer.concat([claimed, implicit])).attributes.number("Rows")).toBe(2);
});

test("text follows its character set", () => {
  const named = (sets: string, hex: string) => {
    const bytes = dicomBytes({ SpecificCharacterSet: sets, SeriesDescription: Buffer.from(hex, "hex") });
    return read(bytes).attributes.text("SeriesDescription");
  };
  expect(named("ISO_IR 100", "c4e9")).toBe("Äé");
  expect(named("ISO_IR 192", "c384c3a9")).toBe("Äé");
  expect(named("ISO_IR 144", "bb")).toBe("Л");
  expect(named("\\ISO 2022 IR 87", "411b24423b331b2842")).toBe("A山");
  expect(named("\\ISO 2022 IR 149", "1b242943b1e8")).toBe("김");
  expect(named("GB18030", "cdf5")).toBe("王");
});

test("what is no DICOM file is refused", () => {
  expect(isDicom(Buffer.from("PNG, a picture"))).toBe(false);
  expect(() => read(Buffer.from("PNG, a picture"))).toThrow(
    '"a.dcm" is a damaged DICOM file: it has neither "DICM" at byte 128 nor group 0002 or 0008 at its start',
  );
});

describeWith(["data/dicom/index.csv"], "files of other projects", () => {
  const attempt = (file: string) => {
    const path = sharedPath("data/dicom", file);
    return readDicom({ name: basename(path), bytes: readFileSync(path) });
  };

  test.each(["MR_truncated", "emri_small_jpeg_2k_lossless_too_short", "rtplan_truncated"])("%s is refused as truncated", (file) => {
    expect(() => attempt(`malformed/${file}.dcm`)).toThrow(/is a truncated DICOM file: .* left in the file/);
  });

  test.each([
    ["chrArab", "قباني^لنزار"],
    ["chrFrenMulti", "Buc^Jérôme"],
    ["chrGreek", "Διονυσιος"],
    ["chrH31", "Yamada^Tarou=山田^太郎=やまだ^たろう"],
  ])("%s has its text", (file, text) => {
    expect(attempt(`charset/${file}.dcm`).attributes.text("PatientName")).toBe(text);
  });
});
