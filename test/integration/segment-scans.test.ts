import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readDicom } from "../../src/dicom/read-file.ts";
import { runSegment } from "../../src/pipeline/zero-shot/segment.ts";
import { SegmentSettings } from "../../src/pipeline/zero-shot/settings/commands.ts";
import { readSeg } from "../../src/results/dicom/seg/read-seg.ts";
import { encodeNifti } from "../../src/results/encode-nifti.ts";
import { readGray } from "../../src/scans/read-gray.ts";
import { readMask } from "../../src/scans/read-mask.ts";
import { readNifti } from "../../src/scans/sources/nifti/read-nifti.ts";
import { madeSeriesFiles } from "../support/dicom-series.ts";
import { collect, nanoModels, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-scans-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const [rows, columns, slices] = [40, 48, 4];
const sumOf = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0);
/** A bright disc on dark ground in each slice. */
const disc = (slice: number) =>
  Uint16Array.from({ length: rows * columns }, (_, i) =>
    Math.hypot((i % columns) - 20 - slice, Math.floor(i / columns) - 18) < 9 ? 900 : 100 + (i % 7),
  );

let models: { clip: string; sam: string };
beforeAll(async () => {
  models = await nanoModels();
  mkdirSync(at("series", "deep"), { recursive: true });
  for (const [name, bytes] of madeSeriesFiles({ rows, columns, slices, spacing: [0.5, 0.5], step: 3, pixels: disc }))
    writeFileSync(at("series", "deep", name.replace(".dcm", "")), bytes); // without an ending, as from a PACS
  const volumeSlices = 3;
  const voxels = new Int16Array(volumeSlices * rows * columns);
  for (let slice = 0; slice < volumeSlices; slice++) voxels.set(disc(slice), slice * rows * columns);
  const affine = [
    [-0.5, 0, 0, 9],
    [0, -0.5, 0, 8],
    [0, 0, 2, -7],
  ] as const;
  const placement = { affine, spacing: [0.5, 0.5, 2], qformCode: 1, sformCode: 1, isUnitKnown: true } as const;
  writeFileSync(at("volume.nii"), encodeNifti({ shape: [columns, rows, volumeSlices], data: voxels, placement }));
  await writeDisc(at("picture", "a.png"), 1, columns, rows);
});

const quick = { saliencyMethod: "gradcam", layer: 0 } as const;
const segmented = (inputs: string[], out: string, given: object = {}) =>
  collect(runSegment(SegmentSettings.parse({ ...quick, ...models, inputs, prompt: ["bright lesion"], out: at(out), ...given })));
const record = (out: string) => JSON.parse(readFileSync(at(out, "run.json"), "utf8"));
const filesIn = (...parts: string[]) =>
  readdirSync(at(...parts), { recursive: true, withFileTypes: true })
    .flatMap((entry) => (entry.isFile() ? [entry.name] : []))
    .sort();

describe("a DICOM series", () => {
  test("is segmented slice by slice, and written as a segmentation of the series", async () => {
    const events = await segmented([at("series")], "series-out");
    expect(filesIn("series-out", "masks", "deep", "CT-3")).toEqual(["0001.png", "0002.png", "0003.png", "0004.png"]);
    const seg = readSeg(readDicom({ name: "seg", bytes: readFileSync(at("series-out", "dicom-seg", "deep", "CT-3.dcm")) }));
    const filled: number[] = [];
    for (let slice = 1; slice <= slices; slice++) {
      const { mask } = await readMask(at("series-out", "masks", "deep", "CT-3", `000${slice}.png`));
      const pixels = sumOf(mask.data);
      if (pixels > 0) filled.push(pixels);
    }
    const inSeg = await Promise.all(seg.frames.map(async (_, i) => sumOf(await seg.pixels(i))));
    expect(inSeg.sort()).toEqual(filled.sort());
    const whole = record("series-out").images.find(({ name }: { name: string }) => name === "deep/CT-3");
    expect(whole).toMatchObject({ frames: slices, formats: ["dicom-seg"], volume: { voxels: filled.reduce((a, b) => a + b, 0) } });
    expect(whole.volume.mm3).toBeCloseTo(whole.volume.voxels * 0.5 * 0.5 * 3, 6);
    const slice = record("series-out").images.find(({ name }: { name: string }) => name === "deep/CT-3/0002");
    expect(slice.display).toEqual({ kind: "default CT", function: "LINEAR", center: 40, width: 400 });
    expect(slice.areaMm2).toBeCloseTo(slice.areaPx * 0.25, 6);
    expect(events.some((event) => event.type === "warning" && event.message.startsWith("the results carry on the patient's name"))).toBe(
      true,
    );
    expect(JSON.stringify([events, record("series-out")])).not.toContain("Made");
  });

  test("a rerun does only what is missing: another format does not segment again", async () => {
    const [end] = (await segmented([at("series")], "series-out")).slice(-1);
    expect(end).toMatchObject({ type: "end", done: 0, skipped: slices + 1 });
    const [again] = (await segmented([at("series")], "series-out", { format: ["rtstruct", "coco"] })).slice(-1);
    expect(again).toMatchObject({ done: 1, skipped: slices, lines: [at("series-out", "coco.json")] });
    expect(filesIn("series-out", "rtstruct")).toEqual(["CT-3.dcm"]);
    expect(JSON.parse(readFileSync(at("series-out", "coco.json"), "utf8")).images).toHaveLength(slices);
  });

  test("slices of two folders may have equal file names, as their series have names of their own", async () => {
    for (const [folder, series] of [
      ["first", "2.25.21"],
      ["second", "2.25.22"],
    ] as const) {
      mkdirSync(at("two", folder), { recursive: true });
      const attributes = { SeriesInstanceUID: series };
      for (const [name, bytes] of madeSeriesFiles({ rows, columns, slices: 2, pixels: disc, attributes }))
        writeFileSync(at("two", folder, name), bytes);
    }
    await segmented([at("two", "first"), at("two", "second")], "two-out");
    const names: string[] = record("two-out").images.map(({ name }: { name: string }) => name);
    expect(names).toEqual(["CT-3/0001", "CT-3/0002", "CT-3", "CT-3-2/0001", "CT-3-2/0002", "CT-3-2"]);
  });

  test("a slice without all its pixels fails alone, and nothing is made of the scan as a whole", async () => {
    mkdirSync(at("damaged"));
    const pixels = (slice: number) => (slice === 1 ? disc(slice).slice(0, 99) : disc(slice));
    for (const [name, bytes] of madeSeriesFiles({ rows, columns, slices, step: 3, pixels })) writeFileSync(at("damaged", name), bytes);
    const events = await segmented([at("damaged")], "damaged-out");
    const failures = events.flatMap((event) => (event.type === "failure" ? [event] : []));
    expect(failures.map(({ name }) => name)).toEqual(["CT-3/0002", "CT-3"]);
    expect(failures[0]!.message).toContain("002.dcm");
    expect(failures[1]!.message).toContain("1 slice of 4 could not be segmented (CT-3/0002)");
    expect(filesIn("damaged-out", "masks", "CT-3")).toEqual(["0001.png", "0003.png", "0004.png"]);
  });

  test("a truncated file fails, and leaves a gap in the series, which is no volume then", async () => {
    mkdirSync(at("truncated"));
    for (const [name, bytes] of madeSeriesFiles({ rows, columns, slices, step: 3, pixels: disc }))
      writeFileSync(at("truncated", name), name === "002.dcm" ? bytes.subarray(0, 400) : bytes);
    const events = await segmented([at("truncated")], "truncated-out");
    expect(events.flatMap((event) => (event.type === "failure" ? [event.name] : []))).toEqual(["002"]);
    expect(events.some((event) => event.type === "warning" && event.message.startsWith("CT-3: gap between slices 1 and 2"))).toBe(true);
    const whole = record("truncated-out").images.find(({ name }: { name: string }) => name === "CT-3");
    expect(whole).toMatchObject({ frames: 3, volume: { mm3: null } });
  });

  test("an object of other settings does not stay when this run writes none", async () => {
    await segmented([at("series")], "stale-out");
    expect(filesIn("stale-out", "dicom-seg")).toEqual(["CT-3.dcm"]);
    await segmented([at("series")], "stale-out", { prompt: ["unknownword"], overwrite: true }); // nothing is found
    expect(filesIn("stale-out", "dicom-seg")).toEqual([]);
  });

  test("some slices, in another window", async () => {
    await segmented([at("series")], "some-out", { slices: "2:3", window: "500,1000" });
    expect(filesIn("some-out", "masks")).toEqual(["0002.png", "0003.png"]);
    const { images } = record("some-out");
    expect(images[0].display).toMatchObject({ center: 500, width: 1000 });
    await expect(segmented([at("series")], "none-out", { slices: "9:" })).rejects.toThrow(
      "--slices 9:: no scan has such slices; the longest has 4 slices",
    );
  });
});

describe("probabilities", () => {
  const levelsAndMasks = async (out: string) => {
    const all = [];
    for (let slice = 1; slice <= slices; slice++) {
      const levels = await readGray(at(out, "probabilities", "deep", "CT-3", `000${slice}.png`));
      const { mask } = await readMask(at(out, "masks", "deep", "CT-3", `000${slice}.png`));
      all.push({ levels: levels.data, mask: mask.data });
    }
    return all;
  };

  test("give the masks by the threshold 0.5, and a fractional segmentation", async () => {
    await segmented([at("series")], "fractional-out", { fractional: true });
    const written = await levelsAndMasks("fractional-out");
    for (const { levels, mask } of written) expect(levels.map((level) => (level >= 128 ? 1 : 0))).toEqual(mask);
    const seg = readSeg(readDicom({ name: "seg", bytes: readFileSync(at("fractional-out", "dicom-seg", "deep", "CT-3.dcm")) }));
    expect(seg.frames.length).toBeGreaterThan(0);
    for (const [i, { sources }] of seg.frames.entries()) {
      const slice = Number(sources[0]!.instance.at(-1)) - 1;
      expect([...(await seg.pixels(i))]).toEqual([...written[slice]!.levels]);
    }
    await expect(segmented([at("series")], "fractional-out")).rejects.toThrow("--overwrite");
  });

  test("fit masks that were made consistent: 0 outside, at least 0.5 inside", async () => {
    await segmented([at("series")], "fractional-consistent-out", { fractional: true, smoothSlices: 1, propagate: true });
    for (const { levels, mask } of await levelsAndMasks("fractional-consistent-out"))
      for (const [i, value] of mask.entries()) expect(value === 1 ? levels[i]! >= 128 : levels[i] === 0).toBe(true);
  });
});

describe("a DICOM series in another plane", () => {
  test("is segmented in coronal slices, and written in the geometry of its frames", async () => {
    const events = await segmented([at("series")], "coronal-out", { axis: "coronal", format: ["dicom-seg", "nifti"] });
    expect(events.flatMap((event) => (event.type === "failure" ? [event] : []))).toEqual([]);
    expect(filesIn("coronal-out", "masks", "deep", "CT-3")).toHaveLength(rows);
    const [warning] = events.flatMap((event) => (event.type === "warning" && event.message.includes("squashed") ? [event.message] : []));
    expect(warning).toMatch(/^CT-3: pixels are 3 x 0.5 mm in this plane/);

    const seg = readSeg(readDicom({ name: "seg", bytes: readFileSync(at("coronal-out", "dicom-seg", "deep", "CT-3.dcm")) }));
    expect([seg.rows, seg.columns]).toEqual([rows, columns]);
    const inSeg = new Map<string, ArrayLike<number>>();
    for (const [i, { sources }] of seg.frames.entries()) inSeg.set(sources[0]!.instance, await seg.pixels(i));
    let voxels = 0;
    for (let row = 0; row < rows; row++) {
      // Rows of the frames run to the back, as coronal slices do; the rows of those run from head to feet.
      const { mask } = await readMask(at("coronal-out", "masks", "deep", "CT-3", `${String(row + 1).padStart(4, "0")}.png`));
      expect([mask.width, mask.height]).toEqual([columns, slices]);
      for (let slice = 0; slice < slices; slice++) {
        const frame = inSeg.get(`2.25.100${slice + 1}`);
        for (let column = 0; column < columns; column++) {
          const value = mask.data[(slices - 1 - slice) * columns + column]!;
          voxels += value;
          expect(frame?.[row * columns + column] ?? 0).toBe(value);
        }
      }
    }
    expect(voxels).toBeGreaterThan(0);
    const whole = record("coronal-out").images.find(({ name }: { name: string }) => name === "deep/CT-3");
    expect(whole).toMatchObject({ frames: rows, volume: { voxels } });
    expect(whole.volume.mm3).toBeCloseTo(voxels * 0.5 * 0.5 * 3, 6);
    const [end] = (await segmented([at("series")], "coronal-out", { axis: "coronal", format: ["dicom-seg", "nifti"] })).slice(-1);
    expect(end).toMatchObject({ done: 0, skipped: rows + 1 });
  });

  test("fails alone where its frames are no volume", async () => {
    mkdirSync(at("gap"));
    for (const [name, bytes] of madeSeriesFiles({ rows, columns, slices, step: 3, pixels: disc }))
      if (name !== "002.dcm") writeFileSync(at("gap", name), bytes);
    const events = await segmented([at("gap"), at("picture", "a.png")], "gap-out", { axis: "sagittal" });
    const failures = events.flatMap((event) => (event.type === "failure" ? [event] : []));
    expect(failures).toMatchObject([{ name: "CT-3" }]);
    expect(failures[0]!.message).toContain('"CT-3" cannot be cut into sagittal slices, as it is no volume (gap between slices 1 and 2');
    expect(events.at(-1)).toMatchObject({ type: "end", done: 1, failed: 1 });
  });
});

describe("a NIfTI volume", () => {
  test("becomes a label volume on its own axes", async () => {
    const events = await segmented([at("volume.nii")], "nifti-out");
    const told = events
      .flatMap((event) => (event.type === "item" ? event.warnings : []))
      .filter((warning) => warning.includes("were mapped to 0 to 255"));
    expect(told, "the slices of a scan share their range, which is said once").toHaveLength(1);
    const recorded = record("nifti-out").images.filter(({ warnings }: { warnings: string[] }) =>
      warnings.some((said) => said.endsWith(told[0]!)),
    );
    expect(recorded).toHaveLength(3);
    const source = await readNifti({ name: "volume.nii", bytes: readFileSync(at("volume.nii")) });
    const labels = await readNifti({ name: "labels.nii.gz", bytes: readFileSync(at("nifti-out", "nifti", "volume.nii.gz")) });
    expect(labels.shape).toEqual(source.shape);
    expect(labels.position.placement.affine).toEqual(source.position.placement.affine);
    const whole = record("nifti-out").images.find(({ name }: { name: string }) => name === "volume");
    expect(sumOf(labels.volume(0).data)).toBe(whole.volume.voxels);
  });

  test("in a format that cannot hold it is a failure; other formats are written, and pictures beside it named", async () => {
    const events = await segmented([at("volume.nii"), at("series"), at("picture")], "formats-out", { format: ["dicom-seg", "nifti"] });
    const failures = events.flatMap((event) => (event.type === "failure" ? [event] : []));
    expect(failures).toMatchObject([{ name: "volume", message: expect.stringContaining("is not DICOM") }]);
    expect(filesIn("formats-out", "nifti")).toEqual(["CT-3.nii.gz", "volume.nii.gz"]);
    expect(filesIn("formats-out", "dicom-seg")).toEqual(["CT-3.dcm"]);
    expect(events).toContainEqual({
      type: "warning",
      message: "--format dicom-seg, nifti is for scans (DICOM, NIfTI, TIFF of several pages): 1 input is none and gets PNG masks alone",
    });
  });

  test("is made consistent where that is asked for; masks of single slices are kept apart", async () => {
    await segmented([at("volume.nii")], "consistent-out", { smoothSlices: 1, componentShare: 0.5, propagate: true });
    expect(filesIn("consistent-out", "slices", "volume")).toEqual(["0001.png", "0002.png", "0003.png"]);
    expect(filesIn("consistent-out", "masks", "volume")).toEqual(["0001.png", "0002.png", "0003.png"]);
    const whole = record("consistent-out").images.find(({ name }: { name: string }) => name === "volume");
    expect(whole.volume.changedSlices).toBeTypeOf("number");
    const [end] = (await segmented([at("volume.nii")], "consistent-out", { smoothSlices: 1, componentShare: 0.5, propagate: true })).slice(
      -1,
    );
    expect(end).toMatchObject({ done: 0, skipped: 4 });
  });

  test("a format that belongs to a DICOM study is refused before the work", async () => {
    await expect(segmented([at("volume.nii")], "no-study-out", { format: ["nifti", "rtstruct"] })).rejects.toThrow(
      "--format rtstruct belongs to a DICOM study, and none of the inputs is DICOM",
    );
    expect(existsSync(at("no-study-out"))).toBe(false);
  });

  test("slices of other settings that a run does not replace are named", async () => {
    await segmented([at("volume.nii")], "left-out", { slices: "1:2" });
    const events = await segmented([at("volume.nii")], "left-out", { slices: "2:3", overwrite: true });
    const [said] = events.flatMap((event) => (event.type === "warning" && event.message.includes("still holds") ? [event.message] : []));
    expect(said).toContain("still holds results of 1 image made with other settings, which this run does not replace: volume/0001.");
  });

  test("every other slice is no neighbour of the next one: nothing is made consistent", async () => {
    await segmented([at("volume.nii")], "sparse-out", { slices: "every:2", smoothSlices: 1 });
    expect(filesIn("sparse-out", "masks", "volume")).toEqual(["0001.png", "0003.png"]);
    expect(existsSync(at("sparse-out", "slices"))).toBe(false);
    expect(record("sparse-out").settings.smoothSlices).toBeUndefined();
  });

  test("prompts may differ by slice range, with several targets", async () => {
    writeFileSync(
      at("prompts.json"),
      JSON.stringify({ "volume[1:2]": { lesion: "bright lesion" }, "*": { lesion: "bright lesion", ground: "dark" } }),
    );
    await segmented([at("volume.nii"), at("picture", "a.png")], "ranges-out", {
      ...{ prompt: undefined, prompts: at("prompts.json"), format: ["nifti", "coco"] },
    });
    const { images } = JSON.parse(readFileSync(at("ranges-out", "coco.json"), "utf8"));
    expect(images.map(({ scan }: { scan: string }) => scan)).toEqual(["volume", "volume", "volume", "a"]);
    expect(filesIn("ranges-out", "masks_ground")).toEqual(["0003.png", "a.png"]);
    expect(filesIn("ranges-out", "masks_lesion")).toEqual(["0001.png", "0002.png", "0003.png", "a.png"]);
    const whole = record("ranges-out").images.find(({ name }: { name: string }) => name === "volume");
    expect(Object.keys(whole.targets)).toEqual(["lesion", "ground"]);
  });
});
