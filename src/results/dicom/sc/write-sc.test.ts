import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { madeSeries } from "../../../../test/support/dicom-series.ts";
import { scanOptions, scanResult } from "../../../../test/support/scan-results.ts";
import { readDicom } from "../../../dicom/read-file.ts";
import type { Frame } from "../../../scans/sources/image-source.ts";
import { scWriter } from "./write-sc.ts";

const out = mkdtempSync(join(tmpdir(), "sc-"));
afterAll(() => rmSync(out, { recursive: true }));

const gray: Frame = {
  pixels: { width: 8, height: 6, space: "gray", channels: 1, hasAlpha: false, stride: 1, bitDepth: 8, data: new Uint8Array(48) },
  format: "dicom",
  warnings: [],
  display: async () => ({ image: { width: 8, height: 6, data: new Uint8Array(144).fill(90) }, warnings: [] }),
};

test("each frame with a mask becomes a Secondary Capture that shows it and names its source", async () => {
  const scan = { ...madeSeries({ attributes: { BurnedInAnnotation: "NO" } }), read: async () => gray };
  const result = scanResult(scan, { heart: [undefined, ".####... .####... .####..."] });
  const { files } = await scWriter.open(scanOptions(out), result.targets).add(result);
  expect(files).toEqual([join(out, "secondary-capture", "CT-3", "0002.dcm")]);
  const bytes = readFileSync(files[0]!);
  const { attributes } = readDicom({ name: "SC", bytes });
  expect(attributes.texts("ImageType")).toEqual(["DERIVED", "SECONDARY"]);
  expect(["ConversionType", "BurnedInAnnotation", "PhotometricInterpretation"].map((keyword) => attributes.text(keyword))).toEqual([
    "WSD",
    "NO",
    "RGB",
  ]);
  // Laterality (0020,0060) is there without a value: validators miss it where a part may be paired.
  expect(bytes.includes(Buffer.of(0x20, 0, 0x60, 0, 0x43, 0x53, 0, 0))).toBe(true);
  expect(attributes.items("SourceImageSequence")[0]!.text("ReferencedSOPInstanceUID")).toBe("2.25.1002");
  const pixels = attributes.bytes("PixelData")!;
  expect(pixels.length).toBe(3 * attributes.number("Rows")! * attributes.number("Columns")!);
  expect(new Set(pixels).size).toBeGreaterThan(1);
});
