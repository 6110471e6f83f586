import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { writeNifti } from "../../results/nifti.ts";
import type { Placement } from "../../scans/sources/image-source.ts";
import { fingerprintOf } from "../plan/fingerprint.ts";
import { listCases } from "./case-files.ts";
import { datasetName, findDataset, parseDatasetName } from "./dataset-name.ts";
import { openDataset } from "./raw-dataset.ts";
import { readCaseImage, readTrainingCase } from "./read-case.ts";

const root = await mkdtemp(join(tmpdir(), "raw-dataset-"));
afterAll(() => rm(root, { recursive: true }));

let count = 0;
let folder = "";
beforeEach(async () => {
  folder = join(root, datasetName(++count, "Test"));
  await mkdir(join(folder, "imagesTr"), { recursive: true });
  await mkdir(join(folder, "labelsTr"));
});

const describe1 = { channel_names: { "0": "gray" }, labels: { background: 0, lesion: 1 }, numTraining: 2, file_ending: ".png" };
const describeSet = (changes: object = {}) => writeFile(join(folder, "dataset.json"), JSON.stringify({ ...describe1, ...changes }));

/** Writes a gray picture of 3 x 2 pixels, or one in colours of as many values as that needs. */
async function put(path: string, values: readonly number[], width = 3): Promise<void> {
  const channels = values.length % 18 === 0 ? 3 : 1;
  const raw = { width, height: values.length / channels / width, channels } as const;
  const picture = sharp(Uint8Array.from(values), { raw }).toColourspace(channels === 1 ? "b-w" : "srgb");
  await (path.endsWith(".tif") ? picture.tiff({ compression: "lzw" }) : picture).toFile(join(folder, path));
}

const image = [1, 2, 3, 4, 5, 6];
const label = [0, 1, 1, 0, 0, 0];

async function putBoth(ending = ".png"): Promise<void> {
  for (const name of ["a", "b"]) {
    await put(`imagesTr/${name}_0000${ending}`, image);
    await put(`labelsTr/${name}${ending}`, label);
  }
}

const casesIn = async () => {
  const dataset = await openDataset(folder);
  const cases = [];
  for (const files of dataset.cases) cases.push(await readTrainingCase(files, dataset));
  return cases;
};

test.each([".png", ".tif"])("a data set of %s files is read", async (ending) => {
  await describeSet({ file_ending: ending });
  await putBoth(ending);
  const dataset = await openDataset(folder);
  expect(dataset.name).toBe(datasetName(count, "Test"));
  const [first] = await casesIn();
  expect(first).toMatchObject({ name: "a", width: 3, height: 2, channels: 1, spacing: undefined, warnings: [] });
  expect([...first!.data]).toEqual(image);
  expect([...first!.labels.data]).toEqual(label);
  const fingerprint = await fingerprintOf(dataset.cases.map((files) => () => readTrainingCase(files, dataset)));
  expect(fingerprint.intensities[0]).toMatchObject({ mean: 2.5, min: 2, max: 3 });
});

/** A slice whose voxels lie so many millimetres apart. */
const placedAt = (x: number, y: number): Placement => ({
  affine: [
    [x, 0, 0, 0],
    [0, y, 0, 0],
    [0, 0, 1, 0],
  ],
  spacing: [x, y, 1],
  qformCode: 1,
  sformCode: 1,
  isUnitKnown: true,
});

test("2D NIfTI files are read with their spacing, rows and columns as stored", async () => {
  await describeSet({ file_ending: ".nii.gz", numTraining: 1 });
  const placement = placedAt(3, 2);
  await writeNifti(join(folder, "imagesTr/a_0000.nii.gz"), { shape: [3, 2], data: Float32Array.from(image, (v) => v - 1.5), placement });
  await writeNifti(join(folder, "labelsTr/a.nii.gz"), { shape: [3, 2], data: Uint8Array.from(label), placement, isLabels: true });
  const dataset = await openDataset(folder);
  const [found] = await casesIn();
  expect(found).toMatchObject({ width: 3, height: 2, channels: 1, spacing: [2, 3] });
  expect([...found!.data]).toEqual(image.map((value) => value - 1.5));
  expect([...found!.labels.data]).toEqual(label);
  const { spacings } = await fingerprintOf(dataset.cases.map((files) => () => readTrainingCase(files, dataset)));
  expect(spacings).toEqual([[2997, 2, 3]]);

  await writeNifti(join(folder, "labelsTr/a.nii.gz"), { shape: [3, 2], data: Uint8Array.from(label), placement: placedAt(3, 2.5) });
  await expect(casesIn()).rejects.toThrow(/labelsTr.a\.nii\.gz" has a spacing of 2\.5 x 3 mm, ".+" has 2 x 3 mm/);
  await writeNifti(join(folder, "imagesTr/a_0000.nii.gz"), { shape: [3, 1, 2], data: Uint8Array.from(image), placement });
  await expect(casesIn()).rejects.toThrow(/a_0000\.nii\.gz" holds 2 slices; one is expected/);
});

test("JPEG images may have PNG labels", async () => {
  await describeSet({ file_ending: ".jpg", numTraining: 1 });
  await put("imagesTr/a_0000.jpg", image);
  await put("labelsTr/a.png", label);
  expect([...(await casesIn())[0]!.labels.data]).toEqual(label);
});

test("three channels are one file in colours, or three in gray", async () => {
  await describeSet({ channel_names: { "0": "R", "1": "G", "2": "B" }, numTraining: 1 });
  await put("labelsTr/a.png", label);
  await put(
    "imagesTr/a_0000.png",
    image.flatMap((value) => [value, value + 10, value + 20]),
  );
  const [colours] = await casesIn();
  for (const c of [0, 1, 2])
    await put(
      `imagesTr/a_000${c}.png`,
      image.map((value) => value + 10 * c),
    );
  const [gray] = await casesIn();
  expect(colours!.channels).toBe(3);
  expect(colours!.data).toEqual(gray!.data);
});

test("cases may name their files in dataset.json", async () => {
  await describeSet({ numTraining: 1, dataset: { only: { images: ["imagesTr/a_0000.png"], label: "./labelsTr/b.png" } } });
  await putBoth();
  expect((await casesIn()).map(({ name }) => name)).toEqual(["only"]);
  await describeSet({ numTraining: 1, dataset: { only: { images: ["c.png"], label: "labelsTr/b.png" } } });
  await expect(openDataset(folder)).rejects.toThrow(/c\.png" does not exist, but ".+dataset\.json" names it for "only"/);
});

describe("what is wrong with the files is named", () => {
  test.each<[string, object, () => Promise<unknown>, RegExp]>([
    ["another number of cases", { numTraining: 3 }, putBoth, /numTraining is 3, but there are 2 training cases \(a, b\)/],
    ["no images", {}, async () => 0, /imagesTr" has no images with the ending "\.png"\. It is empty/],
    [
      "scans where pictures are expected",
      {},
      () => writeFile(join(folder, "imagesTr/a.dcm"), "scan"),
      /It has "\*\.dcm"\. `medclip-sam inspect ".*imagesTr" --png DIR` writes slices as pictures/,
    ],
    ["another ending", { file_ending: ".tif" }, putBoth, /no images with the ending "\.tif"\. It has "\*\.png"/],
    ["an ending that cannot be read", { file_ending: ".gif" }, putBoth, /"\*\.gif" cannot be read; expected \.png/],
    ["no label", {}, () => putBoth().then(() => rm(join(folder, "labelsTr/b.png"))), /no label file for 1 of 2 images: "b\.png"/],
    [
      "no image",
      {},
      () => putBoth().then(() => put("labelsTr/c.png", label)),
      /no image for 1 label files: ".+c\.png" \(expected "c_0000\.png"\)/,
    ],
    [
      "no channel number",
      {},
      () => putBoth().then(() => put("imagesTr/c.png", image)),
      /c\.png" has no channel number; name it "c_0000\.png"/,
    ],
    ["a gap in the channels", {}, () => putBoth().then(() => put("imagesTr/a_0002.png", image)), /a_0001\.png" is missing/],
    [
      "a channel too many",
      {},
      () => putBoth().then(() => put("imagesTr/a_0001.png", image)),
      /a_0001\.png" is file 2 of "a", but .+ names 1 channels/,
    ],
    [
      "a channel's file in some cases only",
      { channel_names: { "0": "T1", "1": "T2" } },
      () => putBoth().then(() => put("imagesTr/a_0001.png", image)),
      /b_0001\.png" is missing: other cases have 2 files, "b" has 1/,
    ],
  ])("%s", async (_, changes, write, message) => {
    await describeSet(changes);
    await write();
    await expect(openDataset(folder)).rejects.toThrow(message);
  });

  test.each<[string, object, () => Promise<unknown>, RegExp]>([
    [
      "a missing channel",
      { channel_names: { "0": "T1", "1": "T2" } },
      putBoth,
      /"a" has 1 channels, dataset\.json names 2 \(T1, T2\).+"a_0001"/,
    ],
    [
      "colours for one channel",
      {},
      () => putBoth().then(() => put("imagesTr/a_0000.png", [...image, ...image, ...image])),
      /"a" has 3 channels, .+ names 1/,
    ],
    [
      "another size",
      {},
      () => putBoth().then(() => put("labelsTr/a.png", label, 2)),
      /a\.png" has 2 x 3 pixels, ".+a_0000\.png" has 3 x 2/,
    ],
    [
      "an undeclared label",
      {},
      () => putBoth().then(() => put("labelsTr/a.png", [0, 0, 0, 0, 7, 1])),
      /a\.png" holds the label 7 \(at column 1, row 1\).+declares 0, 1\. The file holds 0, 1, 7/,
    ],
    [
      "a mask of 255",
      {},
      () => putBoth().then(() => put("labelsTr/a.png", [0, 255, 0, 0, 0, 0])),
      /holds 0 and 255 alone: save the foreground as 1/,
    ],
    [
      "labels in colours",
      {},
      () => putBoth().then(() => put("labelsTr/a.png", [1, 0, 0, ...Array(15).fill(0)])),
      /labelsTr.a\.png" is in colours/,
    ],
  ])("%s", async (_, changes, write, message) => {
    await describeSet(changes);
    await write();
    await expect(casesIn()).rejects.toThrow(message);
  });
});

test("without a folder of images or labels it is named", async () => {
  await describeSet();
  await rm(join(folder, "imagesTr"), { recursive: true });
  await expect(openDataset(folder)).rejects.toThrow(/imagesTr" does not exist/);
});

test("images for prediction may come without channel numbers", async () => {
  for (const name of ["b", "IMG_2023", "a_0000", "c_0000", "c_0001"]) await put(`imagesTr/${name}.png`, image);
  const cases = await listCases(join(folder, "imagesTr"), { endings: [".png", ".jpg"], allowsBare: true });
  expect(cases.map(({ name, images }) => [name, images.length])).toEqual([
    ["IMG_2023", 1],
    ["a", 1],
    ["b", 1],
    ["c", 2],
  ]);
  expect((await readCaseImage(cases[3]!, { channel_names: { "0": "x", "1": "y" } })).channels).toBe(2);
  await put("imagesTr/a.png", image);
  await expect(listCases(join(folder, "imagesTr"), { endings: [".png"], allowsBare: true })).rejects.toThrow(/are both channel 0 of "a"/);
});

test("data sets are found by number and by name", async () => {
  const name = datasetName(count, "Test");
  expect(parseDatasetName("Dataset027_ACDC")).toEqual({ id: 27, name: "ACDC" });
  expect(parseDatasetName("images")).toBeUndefined();
  expect(await findDataset(root, count)).toBe(folder);
  expect(await findDataset(root, name)).toBe(folder);
  await expect(findDataset(root, 999)).rejects.toThrow(/has no data sets 999: Dataset001_Test/);
  await mkdir(join(root, name.replace("Test", "Twin")));
  await expect(findDataset(root, count)).rejects.toThrow(/has several data sets/);
  expect(() => datasetName(0, "A")).toThrow(/from 1 to 999, got 0/);
  expect(() => datasetName(1, "a/b")).toThrow(/got "a\/b"/);
});
