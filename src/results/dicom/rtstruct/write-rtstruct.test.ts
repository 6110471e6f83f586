import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { madeSeries } from "../../../../test/support/dicom-series.ts";
import { scanOptions, scanResult } from "../../../../test/support/scan-results.ts";
import { readDicom } from "../../../dicom/read-file.ts";
import { sourceFrames } from "../source.ts";
import { readRtStruct } from "./read-rtstruct.ts";
import { rtStructWriter } from "./write-rtstruct.ts";

const out = mkdtempSync(join(tmpdir(), "rtstruct-"));
afterAll(() => rmSync(out, { recursive: true }));

const write = async (scan: ReturnType<typeof madeSeries>, pictures: Parameters<typeof scanResult>[1], folder: string) => {
  const result = scanResult(scan, pictures);
  return await rtStructWriter.open(scanOptions(join(out, folder)), result.targets).add(result);
};

test("a structure set is written as rtstruct/NAME.dcm, with one region for each target that is present", async () => {
  const scan = madeSeries({ orientation: [0.8, 0.6, 0, -0.48, 0.64, 0.6] });
  const ring = "###..... #.#..... ###.....";
  const { files, messages } = await write(scan, { ring: [undefined, ring, undefined], heart: [] }, "ring");
  expect(messages).toEqual(['"heart" is not present: its masks are empty']);
  expect(files).toEqual([join(out, "ring", "rtstruct", "CT-3.dcm")]);
  const file = readDicom({ name: "RTSTRUCT", bytes: readFileSync(files[0]!) });
  const [roi, ...others] = readRtStruct(file, sourceFrames(scan));
  expect([roi!.name, others.length, [...roi!.contours.keys()]]).toEqual(["ring", 0, [1]]);
  expect([...roi!.maskOf(1)!.data.slice(0, 20)]).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0]);
  const item = file.attributes.items("ROIContourSequence")[0]!.items("ContourSequence")[0]!;
  expect(item.items("ContourImageSequence")[0]!.text("ReferencedSOPInstanceUID")).toBe("2.25.1002");
});

test("a contour too long for explicit lengths makes the file implicit, and it is read back", async () => {
  const comb = Array.from({ length: 60 }, (_, y) => (y % 2 ? "#".repeat(120) : "#.".repeat(60))).join(" ");
  const scan = madeSeries({ rows: 60, columns: 120, slices: 2, spacing: [0.71234, 0.69871] });
  const { files } = await write(scan, { comb: [comb] }, "comb");
  const file = readDicom({ name: "RTSTRUCT", bytes: readFileSync(files[0]!) });
  expect(file.transferSyntax).toBe("1.2.840.10008.1.2");
  const [roi] = readRtStruct(file, sourceFrames(scan));
  expect(roi!.maskOf(0)!.data.reduce((sum, value) => sum + value, 0)).toBe(30 * 120 + 30 * 60);
});

test("without a frame of reference there are no contours", async () => {
  const scan = madeSeries({ attributes: { FrameOfReferenceUID: undefined } });
  await expect(write(scan, { heart: ["#"] }, "none")).rejects.toThrow("does not say where its frames lie in the patient");
});

test("another series than the one it was drawn on is refused", async () => {
  const { files } = await write(madeSeries(), { heart: ["#"] }, "other");
  const file = readDicom({ name: "RTSTRUCT", bytes: readFileSync(files[0]!) });
  const other = madeSeries({ attributes: { FrameOfReferenceUID: "2.25.99" } });
  expect(() => readRtStruct(file, sourceFrames(other))).toThrow("another frame of reference");
});
