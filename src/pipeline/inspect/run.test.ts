import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ctSlice, dicomBytes, type Elements, uids } from "../../../test/support/dicom-bytes.ts";
import { collect } from "../../../test/support/tiny-run.ts";
import { ConfigError, InputError } from "../../errors.ts";
import { readNpy } from "../../results/npy.ts";
import { writeGray, writeRgb } from "../../results/png.ts";
import { readGray } from "../../scans/read-gray.ts";
import type { GroupRecord } from "./group-record.ts";
import { runInspect } from "./run.ts";
import { InspectSettings } from "./settings.ts";

let folder = "";
const at = (...parts: string[]) => join(folder, ...parts);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "inspect-"));
  await mkdir(at("in", "sub"), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const write = (path: string, elements: Elements) => writeFile(at("in", path), dicomBytes(elements));
/** A slice of 4 x 3 pixels of one value. */
const slice = (z: number, value: number, more: Elements = {}) =>
  ctSlice({
    InstanceNumber: 10 - z,
    ImagePositionPatient: [0, 0, z],
    PixelData: new Int16Array(12).fill(value),
    PatientName: "Doe^Jane",
    ...more,
  });

const inspect = async (settings: object = {}) => {
  const events = await collect(runInspect(InspectSettings.parse({ inputs: [at("in")], json: at("found.json"), ...settings })));
  const end = events.at(-1);
  if (end?.type !== "end") throw new Error("no end");
  const text = await readFile(at("found.json"), "utf8");
  const { groups, leftOut } = JSON.parse(text) as { groups: GroupRecord[]; leftOut: { file: string; reason: string }[] };
  return { groups, leftOut, text, events, failed: end.failed, lines: end.lines! };
};

test("a series is described in slice order, shown and written with its values", async () => {
  await write("sub/b", slice(4, 240));
  await write("a.dcm", slice(2, -160, { RescaleSlope: 1, RescaleIntercept: 0 }));
  await write("sub/c.dcm", slice(6, 3000));
  const { groups, leftOut, failed, text } = await inspect({ png: at("png"), values: at("values") });
  expect(failed).toBe(0);
  expect(leftOut).toEqual([]);
  expect(groups).toEqual([
    {
      name: "CT-3",
      files: ["a.dcm", "sub/b", "sub/c.dcm"],
      frames: 3,
      rows: 3,
      columns: 4,
      spacing: [0.8, 0.7],
      spacingSource: "PixelSpacing",
      volume: true,
      affineLps: [
        [0.7, 0, 0, 0],
        [0, 0.8, 0, 0],
        [0, 0, 2, 2],
        [0, 0, 0, 1],
      ],
      axisCodes: "LPS",
      window: { kind: "default CT", function: "LINEAR", center: 40, width: 400 },
      inverted: false,
      warnings: [],
    },
  ]);
  expect(text).not.toContain("Doe");
  expect(await readdir(at("png", "CT-3"))).toEqual(["0001.png", "0002.png", "0003.png"]);
  const shown = await Promise.all([1, 2, 3].map(async (n) => (await readGray(at("png", "CT-3", `000${n}.png`))).data[0]));
  expect(shown).toEqual([0, 255, 255]);
  const values = await readNpy(at("values", "CT-3.npy"));
  expect([values.dtype, values.shape]).toEqual(["float32", [3, 3, 4]]);
  expect([values.data[0], values.data[12], values.data[24]]).toEqual([-160, 240, 3000]);
});

test("slices without a window share the percentiles of their series", async () => {
  for (const [k, value] of [0, 500, 1000].entries()) await write(`${k}.dcm`, slice(k, value, { SOPClassUID: uids.mr, Modality: "MR" }));
  const { groups } = await inspect({ png: at("png") });
  expect(groups[0]!.window).toEqual({ kind: "percentiles", low: 0, high: 1000 });
  const shown = await Promise.all([1, 2, 3].map(async (n) => (await readGray(at("png", "MR-3", `000${n}.png`))).data[0]));
  expect(shown).toEqual([0, 128, 255]);
});

test("a series is shown in another plane; one that is no volume stays as acquired, with the reason", async () => {
  for (const [k, z] of [0, 2, 4].entries()) await write(`${k}.dcm`, slice(z, 100 * k));
  const { groups } = await inspect({ axis: "coronal", png: at("png"), values: at("values") });
  expect(groups).toMatchObject([
    { files: ["0.dcm", "1.dcm", "2.dcm"], frames: 3, rows: 3, columns: 4, spacing: [2, 0.7], axisCodes: "LIP", volume: true },
  ]);
  expect(await readdir(at("png", "CT-3"))).toEqual(["0001.png", "0002.png", "0003.png"]);
  const values = await readNpy(at("values", "CT-3.npy"));
  expect(values.shape).toEqual([3, 3, 4]);
  expect([values.data[0], values.data[4], values.data[8]]).toEqual([200, 100, 0]);
  await write("3.dcm", slice(9, 1));
  const uneven = await inspect({ axis: "coronal" });
  expect(uneven.groups).toMatchObject([{ frames: 4, axisCodes: "LPS", volume: false }]);
  expect(uneven.groups[0]!.warnings.at(-1)).toMatch(/^"CT-3" cannot be cut into coronal slices, as it is no volume \(gap between/);
});

test("frames of one file are numbered in slice order", async () => {
  const frame = (z: number): Elements => ({ PlanePositionSequence: [{ ImagePositionPatient: [0, 0, z] }] });
  const stored = Int16Array.from({ length: 36 }, (_, i) => Math.floor(i / 12));
  await write(
    "e.dcm",
    slice(0, 0, { NumberOfFrames: 3, PixelData: stored, PerFrameFunctionalGroupsSequence: [frame(4), frame(0), frame(2)] }),
  );
  const { groups } = await inspect({ values: at("values") });
  expect(groups).toMatchObject([{ name: "CT-3", files: ["e.dcm"], frameNumbers: [2, 3, 1], frames: 3, volume: true }]);
  const { data } = await readNpy(at("values", "CT-3.npy"));
  expect([data[0], data[12], data[24]]).toEqual([1, 2, 0]);
});

test("pictures keep their names, and colours have three values", async () => {
  await writeGray(at("in", "sub", "a.png"), { width: 2, height: 1, data: Uint8Array.of(7, 9) });
  await writeRgb(at("in", "a.png"), { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) });
  const { groups } = await inspect({ values: at("values"), png: at("png") });
  expect(groups.map(({ name, files }) => [name, files])).toEqual([
    ["a", ["a.png"]],
    ["sub/a", ["sub/a.png"]],
  ]);
  expect((await readNpy(at("values", "a.npy"))).shape).toEqual([1, 1, 1, 3]);
  expect((await readNpy(at("values", "sub", "a.npy"))).data).toEqual(Float32Array.of(7, 9));
  expect((await readGray(at("png", "sub", "a", "0001.png"))).data).toEqual(Uint8Array.of(7, 9));
});

test("what is no image is left out and counted; it is no failure", async () => {
  await write("a.dcm", slice(0, 1));
  await write("report", { SOPClassUID: uids.basicTextReport, SOPInstanceUID: "1.2.9", Modality: "SR", PatientName: "Doe^Jane" });
  for (const name of ["x.txt", "y.TXT", "sub/z.md"]) await writeFile(at("in", name), "text");
  const { leftOut, failed, lines, events } = await inspect();
  expect(failed).toBe(0);
  expect(leftOut).toEqual([
    { file: "report", reason: "no image: a structured report, not an image" },
    { file: "sub/z.md", reason: "file that is not an image" },
    { file: "x.txt", reason: "file that is not an image" },
    { file: "y.TXT", reason: "file that is not an image" },
  ]);
  expect(lines).toEqual([
    expect.stringMatching(/^group +frames +pixels +mm/),
    expect.stringMatching(/^CT-3 +1 axial image +4 x 3 +0.8 x 0.7 +window 40\/400 \(default of CT\)$/),
    "4 files skipped: 1 structured report, 1 .md, 2 .txt",
  ]);
  expect(JSON.stringify(events)).not.toContain("Doe");
});

test("a damaged file is a failure, and its series is made of the others", async () => {
  for (const z of [0, 2, 4]) await write(`${z}.dcm`, slice(z, z));
  const cut = dicomBytes(slice(6, 6));
  await writeFile(at("in", "6.dcm"), cut.subarray(0, cut.length - 5));
  await writeFile(at("in", "a.png"), Buffer.from("\x89PNG\r\n\x1a\n and no more", "latin1"));
  // Sound to its end, but its pixels are none of its transfer syntax.
  await writeFile(at("in", "8.dcm"), dicomBytes(slice(8, 8), { transferSyntax: "1.2.840.10008.1.2.4.70" }));
  const { groups, leftOut, failed, events } = await inspect({ png: at("png") });
  expect(groups).toMatchObject([{ name: "CT-3", files: ["0.dcm", "2.dcm", "4.dcm"], volume: true }]);
  expect(await readdir(at("png", "CT-3"))).toEqual(["0001.png", "0002.png", "0003.png"]);
  expect(leftOut.map(({ file }) => file)).toEqual(["6.dcm", "8.dcm", "a.png"]);
  for (const { reason } of leftOut) expect(reason).toMatch(/^damaged: /);
  expect(failed).toBe(3);
  expect(events.filter(({ type }) => type === "failure").length).toBe(3);
  expect(events).toContainEqual(expect.objectContaining({ type: "start", total: 4 })); // one group and three failures
});

test("results never replace inputs, nor lie among those of another scan", async () => {
  await write("a.dcm", slice(0, 1));
  await mkdir(at("png", "CT-3"), { recursive: true });
  await writeFile(at("png", "CT-3", "0002.png"), "of another scan");
  await expect(inspect({ png: at("png") })).rejects.toThrow(ConfigError);
  await expect(inspect({ png: at("png") })).rejects.toThrow('holds "0002.png" of another scan; this one has 1 frames');
  await expect(inspect({ json: at("in", "a.dcm") })).rejects.toThrow(InputError);
});

test("a folder without scans says so", async () => {
  await writeFile(at("in", "x.txt"), "text");
  const { groups, failed, lines } = await inspect();
  expect([groups, failed, lines]).toEqual([[], 0, ["no scans found", "1 file skipped: 1 .txt"]]);
});
