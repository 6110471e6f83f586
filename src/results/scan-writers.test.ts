import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { madeSeries } from "../../test/support/dicom-series.ts";
import { scanOptions, scanResult } from "../../test/support/scan-results.ts";
import { readDicom } from "../dicom/read-file.ts";
import { readMask } from "../scans/read-mask.ts";
import { readNifti } from "../scans/sources/nifti/read-nifti.ts";
import { scanWriters } from "./scan-writers.ts";

const out = mkdtempSync(join(tmpdir(), "writers-"));
afterAll(() => rmSync(out, { recursive: true }));

const scan = madeSeries({ orientation: [0, 1, 0, 0, 0, -1] });
const pictures = { heart: ["##...... ##......", undefined, undefined], lungs: [undefined, "........ ...##...", "#"] };

async function write(format: keyof typeof scanWriters, folder: string, given: Parameters<typeof scanResult>[1] = pictures, of = scan) {
  const result = scanResult(of, given);
  const writing = scanWriters[format].open(scanOptions(join(out, folder)), result.targets);
  const own = await writing.add(result);
  const shared = await writing.finish();
  return { files: [...own.files, ...shared.files], messages: [...own.messages, ...shared.messages] };
}

describe("nifti", () => {
  const open = async (file: string) => await readNifti({ name: file, bytes: readFileSync(file) });

  test("labels lie on the columns, rows and slices of a series, where they are in the patient", async () => {
    const { files, messages } = await write("nifti", "nifti");
    expect([files, messages]).toEqual([[join(out, "nifti", "nifti", "CT-3.nii.gz")], []]);
    const { shape, position, volume } = await open(files[0]!);
    expect(shape).toEqual([8, 6, 3]);
    const { data } = volume(0);
    expect([...data.keys()].filter((i) => data[i] !== 0).map((i) => [i, data[i]])).toEqual([
      [0, 1],
      [1, 1],
      [8, 1],
      [9, 1],
      [48 + 11, 2],
      [48 + 12, 2],
      [96, 2],
    ]);
    // Columns go to the back (-A), rows down (-S), slices to the right, as r x c = (-1, 0, 0) in LPS says.
    expect(position.placement.affine.map((row) => row.map((v) => Math.round(v * 1e4) / 1e4 + 0))).toEqual([
      [0, 0, 2.5, 20],
      [-0.75, 0, 0, -10.5],
      [0, -0.5, 0, 30],
    ]);
  });

  test("targets that overlap get a file each", async () => {
    const { files, messages } = await write("nifti", "overlap", { heart: ["##"], lungs: [".##"] });
    expect(files.map((file) => file.slice(out.length))).toEqual(["/overlap/nifti/CT-3_heart.nii.gz", "/overlap/nifti/CT-3_lungs.nii.gz"]);
    expect(messages).toEqual(['"heart" and "lungs" overlap: one NIfTI file a target']);
    expect([...(await open(files[1]!)).volume(0).data.slice(0, 4)]).toEqual([0, 1, 1, 0]);
  });

  test("slices at uneven distances are no volume, and refused", async () => {
    const uneven = { ...scan, affine: undefined, isVolume: false, axisCodes: ["P", "I", "R"] as const };
    await expect(write("nifti", "uneven", pictures, uneven)).rejects.toThrow("not evenly spaced");
  });
});

test("coco.json has an image for each frame, a category for each target, an annotation for each mask", async () => {
  const { files } = await write("coco", "coco");
  const { images, categories, annotations } = JSON.parse(readFileSync(files[0]!, "utf8"));
  expect(files).toEqual([join(out, "coco", "coco.json")]);
  expect(images).toHaveLength(3);
  expect(images[1]).toEqual({ id: 2, file_name: "002.dcm", width: 8, height: 6, scan: "CT-3", frame: 2 });
  expect(categories.map(({ id, name }: { id: number; name: string }) => [id, name])).toEqual([
    [1, "heart"],
    [2, "lungs"],
  ]);
  expect(annotations.map(({ image_id, category_id, area, bbox }: Record<string, unknown>) => [image_id, category_id, area, bbox])).toEqual([
    [1, 1, 4, [0, 0, 2, 2]],
    [2, 2, 2, [3, 1, 2, 1]],
    [3, 2, 1, [0, 0, 1, 1]],
  ]);
  expect(annotations[0].segmentation).toEqual({ size: [6, 8], counts: "0240T1" });
});

test("nnunet makes a data set of values and labels, and refuses targets that overlap", async () => {
  const values = Float32Array.from({ length: 48 }, (_, i) => i / 2);
  const pixels = { width: 8, height: 6, space: "gray", channels: 1, hasAlpha: false, stride: 1, bitDepth: 32, data: values } as const;
  const frame = { pixels, format: "dicom", warnings: [], display: () => Promise.reject(new Error("not shown")) };
  const readable = { ...scan, read: async () => frame };
  const { files } = await write("nnunet", "nnunet", pictures, readable);
  expect(files.map((file) => file.slice(out.length))).toEqual([
    "/nnunet/Dataset001_medclip_sam/imagesTr/CT-3_0000.nii.gz",
    "/nnunet/Dataset001_medclip_sam/labelsTr/CT-3.nii.gz",
    "/nnunet/Dataset001_medclip_sam/dataset.json",
  ]);
  expect(JSON.parse(readFileSync(files[2]!, "utf8"))).toEqual({
    channel_names: { "0": "CT" },
    labels: { background: 0, heart: 1, lungs: 2 },
    numTraining: 1,
    file_ending: ".nii.gz",
  });
  const image = await readNifti({ name: files[0]!, bytes: readFileSync(files[0]!) });
  expect([...image.volume(0).data.slice(48, 52)]).toEqual([0, 0.5, 1, 1.5]);
  await expect(write("nnunet", "overlapping", { heart: ["##"], lungs: [".##"] }, readable)).rejects.toThrow('"heart" and "lungs" overlap');
});

test("png writes a picture for each target and frame, empty ones, too", async () => {
  const { files } = await write("png", "png");
  expect(files).toHaveLength(6);
  const { mask } = await readMask(join(out, "png", "masks_lungs", "0002.png"));
  expect([...mask.data.keys()].filter((i) => mask.data[i] === 1)).toEqual([11, 12]);
});

test("sr measures each mask, and refers to the segmentation beside it", async () => {
  const { files } = await write("sr", "sr");
  const [report, seg] = files.map((name) => readDicom({ name, bytes: readFileSync(name) }).attributes);
  expect(files.map((file) => file.slice(out.length))).toEqual(["/sr/sr/CT-3.dcm", "/sr/sr/CT-3_seg.dcm"]);
  const groups = report!.items("ContentSequence").at(-1)!.items("ContentSequence");
  expect(groups).toHaveLength(3);
  const [first] = groups;
  const numbers = first!.items("ContentSequence").filter((item) => item.text("ValueType") === "NUM");
  expect(numbers.map((item) => item.items("MeasuredValueSequence")[0]!.number("FloatingPointValue"))[0]).toBeCloseTo(4 * 0.5 * 0.75, 12);
  const reference = first!
    .items("ContentSequence")
    .find((item) => item.items("ConceptNameCodeSequence")[0]!.text("CodeValue") === "121214")!
    .items("ReferencedSOPSequence")[0]!;
  expect([reference.text("ReferencedSOPInstanceUID"), reference.text("ReferencedFrameNumber")]).toEqual([seg!.text("SOPInstanceUID"), "1"]);
});

test("sr is refused where the size of pixels is unknown", async () => {
  await expect(write("sr", "unknown", pictures, { ...scan, spacing: undefined })).rejects.toThrow("the size of its pixels is unknown");
});

test("formats of a DICOM study are refused for other sources", async () => {
  const result = scanResult({ ...scan, source: "raster" } as never, pictures);
  for (const format of ["dicom-seg", "rtstruct", "sr", "secondary-capture"] as const)
    await expect(scanWriters[format].open(scanOptions(out), result.targets).add(result)).rejects.toThrow("belongs to a DICOM study");
});
