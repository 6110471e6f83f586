import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { madeSeries } from "../../../../test/support/dicom-series.ts";
import { scanOptions, scanResult } from "../../../../test/support/scan-results.ts";
import { readDicom } from "../../../dicom/read-file.ts";
import { masksOfSeg } from "./masks-of-seg.ts";
import { readSeg } from "./read-seg.ts";
import { segOf } from "./seg-of-scan.ts";
import { segWriter } from "./write-seg.ts";

const out = mkdtempSync(join(tmpdir(), "seg-"));
afterAll(() => rmSync(out, { recursive: true }));

const scan = madeSeries({ orientation: [0, 1, 0, 0, 0, -1] });
const result = scanResult(scan, {
  left_lung: [undefined, "........ .##..... .#......", undefined],
  spine: [],
  heart: ["#", undefined, "..#"],
});
const read = (bytes: Uint8Array) => readDicom({ name: "SEG", bytes });

test("a segmentation is written as dicom-seg/NAME.dcm; a target without pixels has no segment, and that is said", async () => {
  const { files, messages } = await segWriter.open(scanOptions(out), result.targets).add(result);
  expect(files).toEqual([join(out, "dicom-seg", "CT-3.dcm")]);
  expect(messages).toEqual(['"spine" is not present: its masks are empty']);
  const file = read(readFileSync(files[0]!));
  const seg = readSeg(file);
  expect(seg.segments.map(({ number, label, type }) => [number, label, type!.meaning])).toEqual([
    [1, "left_lung", "Lung"],
    [2, "heart", "Heart"],
  ]);
  expect(seg.frames.map(({ segment, plane }) => [segment, plane!.position[0]])).toEqual([
    [1, -22.5],
    [2, -20],
    [2, -25],
  ]);
  expect(seg.segmentsOverlap).toBe("NO");
  const algorithm = file.attributes.items("SegmentSequence")[0]!.items("SegmentationAlgorithmIdentificationSequence")[0]!;
  expect(algorithm.text("AlgorithmParameters")).toBe(`prompt: A CT showing the left_lung\nmodel sam: sha256 ${"ab".repeat(32)}`);
});

test("--keep-empty keeps empty segments and frames", async () => {
  const { bytes } = await segOf(result, scanOptions(out, { keepEmpty: true }));
  const seg = readSeg(read(bytes!));
  expect([seg.segments.length, seg.frames.length]).toEqual([3, 9]);
});

test("masks that are all empty make no segmentation", async () => {
  const empty = scanResult(scan, { heart: [] });
  const { files, messages } = await segWriter.open(scanOptions(join(out, "none")), empty.targets).add(empty);
  expect(files).toEqual([]);
  expect(messages.join("; ")).toContain("no segmentation was written");
});

test("--strip leaves patient and study empty, and the study's UID as it is", async () => {
  const { bytes } = await segOf(result, scanOptions(out, { strip: true }));
  const { attributes } = read(bytes!);
  expect(["PatientName", "PatientID", "StudyDate", "StudyID"].map((keyword) => attributes.has(keyword))).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(attributes.text("StudyInstanceUID")).toBe("2.25.11");
  const carried = read((await segOf(result, scanOptions(out))).bytes!).attributes;
  expect([carried.text("PatientName"), carried.text("PatientID")]).toEqual(["Made^Up", "made-up-1"]);
});

test("deterministic segmentations have the same bytes; others have UIDs of their own", async () => {
  const bytesOf = async (deterministic: boolean) => (await segOf(result, scanOptions(out, { deterministic }))).bytes!;
  expect(await bytesOf(true)).toEqual(await bytesOf(true));
  const [one, other] = [read(await bytesOf(false)), read(await bytesOf(false))];
  expect(one.attributes.text("SOPInstanceUID")).not.toBe(other.attributes.text("SOPInstanceUID"));
});

test("overlapping targets are said to overlap, and a label map refuses them", async () => {
  const overlapping = scanResult(scan, { heart: ["##"], lungs: [".##"] });
  const { bytes } = await segOf(overlapping, scanOptions(out));
  expect(readSeg(read(bytes!)).segmentsOverlap).toBe("YES");
  await expect(segOf(overlapping, scanOptions(out, { labelmap: true }))).rejects.toThrow('"lungs" and "heart" overlap in frame 1');
});

test("a label map numbers the segments that are present", async () => {
  const { bytes } = await segOf(result, scanOptions(out, { labelmap: true }));
  const seg = readSeg(read(bytes!));
  const masks = masksOfSeg(seg);
  expect(seg.segments.map(({ number, label }) => [number, label])).toEqual([
    [1, "left_lung"],
    [2, "heart"],
  ]);
  expect([masks.count, (await masks.levelsOf(seg.segments[1]!, 2))!.indexOf(1)]).toEqual([3, 2]);
});

test("lossy compression of the source is told on", async () => {
  const lossy = madeSeries({
    attributes: { LossyImageCompression: "01", LossyImageCompressionRatio: 7, LossyImageCompressionMethod: "ISO_10918_1" },
  });
  const { bytes } = await segOf(scanResult(lossy, { heart: ["#"] }), scanOptions(out));
  const { attributes } = read(bytes!);
  expect([
    attributes.text("LossyImageCompression"),
    attributes.text("LossyImageCompressionRatio"),
    attributes.text("LossyImageCompressionMethod"),
  ]).toEqual(["01", "7", "ISO_10918_1"]);
});

test("fractional segmentations need probabilities", async () => {
  await expect(segOf(result, scanOptions(out, { fractional: true }))).rejects.toThrow("--fractional");
});

test("an object that lies elsewhere than its mask is refused", async () => {
  // The header says another position at each reading: the object is written with one and checked with another.
  const moving = madeSeries();
  const [file, header] = [...moving.headers][0]!;
  let calls = 0;
  const moved = Object.assign(Object.create(header), {
    numbers: (keyword: string) => header.numbers(keyword).map((v) => (keyword === "ImagePositionPatient" ? v + calls++ : v)),
  });
  const headers = new Map([...moving.headers, [file, moved]]);
  await expect(segOf(scanResult({ ...moving, headers } as typeof moving, { heart: ["#"] }), scanOptions(out))).rejects.toThrow(
    "segment 1: read back, its centroid would be",
  );
});
