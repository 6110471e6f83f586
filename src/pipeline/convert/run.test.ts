import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { madeSeriesFiles } from "../../../test/support/dicom-series.ts";
import { readDicom } from "../../dicom/read-file.ts";
import { writeGray, writeMask } from "../../results/png.ts";
import type { RunEvent } from "../../run/events.ts";
import { readGray } from "../../scans/read-gray.ts";
import { runConvert } from "./run.ts";
import { ConvertSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "convert-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [columns, rows] = [8, 6];
const [source, masks] = [join(folder, "series"), join(folder, "masks")];

/** A mask with pixels at some places [column, row]. */
function maskAt(...places: readonly (readonly [number, number])[]) {
  const data = new Uint8Array(columns * rows);
  for (const [x, y] of places) data[y * columns + x] = 1;
  return { width: columns, height: rows, data };
}

beforeAll(async () => {
  mkdirSync(source);
  // Names in the opposite order of the slices.
  const files = [...madeSeriesFiles({ orientation: [0.8, 0.6, 0, -0.48, 0.64, 0.6] }).values()];
  for (const [i, bytes] of files.entries()) writeFileSync(join(source, `${9 - i}.dcm`), bytes);
  await writeMask(join(masks, "masks_left_lung", "0001.png"), maskAt([1, 0], [2, 0], [2, 1]));
  await writeMask(join(masks, "masks_left_lung", "0003.png"), maskAt([7, 5]));
  await writeMask(join(masks, "masks_heart", "0002.png"), maskAt([3, 3], [4, 3], [3, 4], [4, 4]));
});

async function convert(settings: Partial<Record<keyof ConvertSettings, unknown>>): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of runConvert(ConvertSettings.parse(settings))) events.push(event);
  return events;
}

const filesIn = (place: string) =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(place.length + 1))
    .sort();

/** Pixels of a picture that are not 0, as [column, row, level]. */
async function pixelsOf(file: string) {
  const { data } = await readGray(file);
  return [...data.keys()].filter((i) => data[i] !== 0).map((i) => [i % columns, Math.floor(i / columns), data[i]]);
}

describe.each([
  ["dicom-seg", "dicom-seg/CT-3.dcm"],
  ["rtstruct", "rtstruct/CT-3.dcm"],
  ["nifti", "nifti/CT-3.nii.gz"],
])("%s", (format, file) => {
  test("masks become an object, and come back from it with their numbers", async () => {
    const [out, back] = [join(folder, format), join(folder, `${format}-back`)];
    await convert({ masks, source, format, out });
    expect(filesIn(out)).toEqual([file]);
    await convert({ file: join(out, file), source, out: back });
    const [heart, lung] = format === "nifti" ? ["masks_1", "masks_2"] : ["masks_heart", "masks_left_lung"];
    expect(readdirSync(back).sort()).toEqual([heart, lung]);
    expect(await pixelsOf(join(back, lung!, "0001.png"))).toEqual([
      [1, 0, 255],
      [2, 0, 255],
      [2, 1, 255],
    ]);
    expect(await pixelsOf(join(back, lung!, "0002.png"))).toEqual([]);
    expect(await pixelsOf(join(back, heart!, "0002.png"))).toHaveLength(4);
    expect(await pixelsOf(join(back, lung!, "0003.png"))).toEqual([[7, 5, 255]]);
  });
});

test("--targets chooses targets and their order", async () => {
  const out = join(folder, "ordered");
  await convert({ masks, source, format: "dicom-seg", targets: ["left_lung,heart"], out });
  const bytes = readFileSync(join(out, "dicom-seg", "CT-3.dcm"));
  const segments = readDicom({ name: "SEG", bytes }).attributes.items("SegmentSequence");
  expect(segments.map((segment) => segment.text("SegmentLabel"))).toEqual(["left_lung", "heart"]);
  await expect(convert({ masks, source, format: "coco", targets: ["liver"], out })).rejects.toThrow('no folder "masks_liver"');
});

test("a single target in masks/, with gray levels as probabilities, there and back", async () => {
  const [given, out, back] = [join(folder, "soft"), join(folder, "soft-out"), join(folder, "soft-back")];
  const data = new Uint8Array(columns * rows);
  data.set([0, 51, 128, 255]);
  await writeGray(join(given, "masks", "0002.png"), { width: columns, height: rows, data });
  await convert({ masks: given, source, format: "dicom-seg", fractional: true, targets: ["brain tumour".replace(" ", "_")], out });
  await convert({ file: join(out, "dicom-seg", "CT-3.dcm"), source, out: back });
  expect(await pixelsOf(join(back, "masks", "0002.png"))).toEqual([
    [1, 0, 51],
    [2, 0, 128],
    [3, 0, 255],
  ]);
});

test("the patient's name is carried on, which is said without saying it; --strip does not", async () => {
  const warned = async (strip: boolean) => {
    const events = await convert({ masks, source, format: "dicom-seg", strip, out: join(folder, `strip-${strip}`) });
    return events.flatMap((event) => (event.type === "warning" ? [event.message] : [])).join("; ");
  };
  expect(await warned(false)).toContain("the patient's name");
  expect(await warned(false)).not.toContain("Made");
  expect(await warned(true)).toBe("");
});

test("a source with several groups needs --group", async () => {
  const two = join(folder, "two");
  mkdirSync(two);
  for (const [name, bytes] of madeSeriesFiles()) writeFileSync(join(two, name), bytes);
  const other = madeSeriesFiles({ attributes: { SeriesInstanceUID: "2.25.77", SeriesNumber: 4 } });
  for (const [name, bytes] of other) writeFileSync(join(two, `b${name}`), bytes);
  const out = join(folder, "grouped");
  await expect(convert({ masks, source: two, format: "dicom-seg", out })).rejects.toThrow(/2 groups: CT-3, CT-4. Choose one with --group/);
  await expect(convert({ masks, source: two, format: "dicom-seg", group: "MR-1", out })).rejects.toThrow("no group of that name");
  await convert({ masks, source: two, format: "dicom-seg", group: "CT-4", out });
  expect(filesIn(out)).toEqual(["dicom-seg/CT-4.dcm"]);
});

test("masks of another size, of frames that are not there, and settings without a source are refused", async () => {
  const [large, late] = [join(folder, "large"), join(folder, "late")];
  await writeMask(join(large, "masks", "0001.png"), { width: 3, height: 2, data: new Uint8Array(6).fill(1) });
  await writeMask(join(late, "masks", "0009.png"), maskAt([1, 1]));
  const out = join(folder, "refused");
  await expect(convert({ masks: large, source, format: "dicom-seg", out })).rejects.toThrow("a mask must have the size of its image");
  await expect(convert({ masks: late, source, format: "dicom-seg", out })).rejects.toThrow("has 3 frames, numbered from 0001 to 0003");
  await expect(convert({ masks, format: "dicom-seg", out })).rejects.toThrow("--source");
  await expect(convert({ masks, source, out })).rejects.toThrow("--format");
  await expect(convert({ file: join(folder, "rtstruct", "rtstruct", "CT-3.dcm"), out })).rejects.toThrow("--source");
  await expect(convert({ file: join(source, "9.dcm"), out })).rejects.toThrow("expected a segmentation (SEG)");
});

test("masks that are numbered by the slices of another plane lie on the frames of the source", async () => {
  const [out, back] = [join(folder, "sagittal"), join(folder, "sagittal-back")];
  // The slices ascend to the head, the columns to the left and back: row 0 of a sagittal slice is the last frame.
  await writeMask(join(folder, "sagittal-masks", "masks", "0008.png"), {
    width: rows,
    height: 3,
    data: Uint8Array.from({ length: 18 }, (_, i) => (i === 2 ? 1 : 0)),
  });
  const plain = join(folder, "plain");
  mkdirSync(plain);
  for (const [name, bytes] of madeSeriesFiles()) writeFileSync(join(plain, name), bytes);
  await convert({ masks: join(folder, "sagittal-masks"), source: plain, format: "dicom-seg", axis: "sagittal", out });
  await convert({ file: join(out, "dicom-seg", "CT-3.dcm"), source: plain, out: back });
  const [file] = filesIn(back).filter((name) => name.endsWith("0003.png"));
  expect(await pixelsOf(join(back, file!))).toEqual([[7, 2, 255]]);
  const again = { file: join(out, "dicom-seg", "CT-3.dcm"), source: plain, axis: "sagittal", out: join(folder, "refused") };
  await expect(convert(again)).rejects.toThrow("--axis sagittal: masks that are read from a file are numbered by the frames");
});

describe("an output folder of segment", () => {
  const out = join(folder, "segment-out");
  const single = join(folder, "single.dcm");
  beforeAll(async () => {
    await writeMask(join(out, "masks", "deep", "CT-3", "0002.png"), maskAt([3, 4]));
    await writeMask(join(out, "masks", "deep", "CT-4", "0001.png"), maskAt([1, 1]));
    await writeMask(join(out, "masks", "single.png"), maskAt([5, 2]));
    const half = { ...maskAt([3, 4]), data: maskAt([3, 4]).data.map((value) => 200 * value) };
    await writeGray(join(out, "probabilities", "deep", "CT-3", "0002.png"), half);
    await writeGray(join(out, "probabilities", "single.png"), half);
    writeFileSync(single, [...madeSeriesFiles({ slices: 1 }).values()][0]!);
  });
  const framesIn = async (place: string) =>
    Promise.all(filesIn(place).map(async (name) => [name.slice(-8), await pixelsOf(join(place, name))] as const));

  test("has masks of several images, of which those of the source are taken by its name", async () => {
    const [objects, back] = [join(folder, "of-run"), join(folder, "of-run-back")];
    await convert({ masks: out, source, format: "dicom-seg", out: objects });
    await convert({ file: join(objects, "dicom-seg", "CT-3.dcm"), source, out: back });
    expect(Object.fromEntries(await framesIn(back))).toMatchObject({ "0002.png": [[3, 4, 255]] });
    await convert({ masks: out, source: single, format: "png", out: join(folder, "of-single") });
    expect(await framesIn(join(folder, "of-single"))).toEqual([["0001.png", [[5, 2, 255]]]]);
  });

  test("has probabilities for a fractional segmentation", async () => {
    const [objects, back] = [join(folder, "of-levels"), join(folder, "of-levels-back")];
    await convert({ masks: out, source, format: "dicom-seg", fractional: true, out: objects });
    await convert({ file: join(objects, "dicom-seg", "CT-3.dcm"), source, out: back });
    expect(Object.fromEntries(await framesIn(back))).toMatchObject({ "0002.png": [[3, 4, 200]] });
  });

  test("without masks of the source names those that it has", async () => {
    const other = join(folder, "other");
    mkdirSync(other);
    for (const [name, bytes] of madeSeriesFiles({ attributes: { SeriesNumber: 7 } })) writeFileSync(join(other, name), bytes);
    await expect(convert({ masks: out, source: other, format: "png", out: join(folder, "none") })).rejects.toThrow(
      'none has the name of the source, "CT-7": deep/CT-3, deep/CT-4',
    );
  });
});
