import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { madeSeriesFiles } from "../../../test/support/dicom-series.ts";
import { lps } from "../../../test/support/placements.ts";
import { filesInMemory } from "../../scans/files-in-memory.ts";
import * as inMemory from "../../scans/open/in-memory.ts";
import * as ofFiles from "../../scans/open/of-files.ts";
import { readNifti } from "../../scans/sources/nifti/read-nifti.ts";
import { encodeNifti } from "../encode-nifti.ts";
import { niftiFromMasks } from "./nifti.ts";
import { masksFromSeg } from "./read-seg.ts";
import { segFromMasks } from "./seg.ts";

const [columns, rows, slices] = [8, 6, 3];
const size = { width: columns, height: rows };

/** A mask, and probabilities, with values at some places [column, row]. */
function maskAt(...places: readonly (readonly [number, number])[]) {
  const data = new Uint8Array(columns * rows);
  for (const [x, y] of places) data[y * columns + x] = 1;
  return { ...size, data };
}

/** Files of a series in the opposite order of its slices, which names do not tell. */
const series = () => [...madeSeriesFiles({ pixels: (k) => new Uint16Array(rows * columns).fill(100 * k) }).values()].reverse();
const contents = () => series().map((bytes, i) => ({ name: `IM${i}`, bytes }));

const [left, right] = [maskAt([1, 0], [2, 1]), maskAt([7, 5])];
const structures = [
  { label: "left lung", prompts: ["the left lung"], masks: [left, undefined, right] },
  { label: "heart", masks: [undefined, maskAt([3, 3])] },
];

describe.each([
  ["Node", ofFiles.openScans],
  ["browsers", inMemory.openScans],
])("openScans of %s", (_, openScans) => {
  test("DICOM files become a series in slice order, with geometry and values", async () => {
    const { scans, leftOut } = await openScans(contents());
    expect(leftOut).toEqual([]);
    const [scan] = scans;
    expect(scan).toMatchObject({ name: "CT-3", rows, columns, spacing: [0.5, 0.75], isVolume: true, axisCodes: ["L", "P", "S"] });
    expect(scan!.frames.map(({ file }) => file)).toEqual(["IM2", "IM1", "IM0"]);
    const frame = await scan!.read(2);
    expect(frame.pixels.data[0]).toBe(200);
    const { image } = await frame.display({ window: { center: 200, width: 100 } });
    expect([...image.data.subarray(0, 3)]).toEqual([129, 129, 129]); // ((200 - 199.5) / 99 + 0.5) * 255 = 128.8
  });

  test("a NIfTI volume becomes slices along an axis, compressed or as a pair of files", async () => {
    const data = Int16Array.from({ length: columns * rows * slices }, (_, i) => i);
    const bytes = encodeNifti({ shape: [columns, rows, slices], data, placement: lps });
    const stored = await openScans([{ name: "a.nii", bytes }], { axis: "stored" });
    expect(stored.scans[0]).toMatchObject({ name: "a", source: "nifti", rows, columns });
    expect((await stored.scans[0]!.read(1)).pixels.data[0]).toBe(columns * rows);
    const header = Uint8Array.from(bytes.subarray(0, 352));
    header[345] = "i".charCodeAt(0); // "ni1": the voxels are in an .img file, from its start
    new DataView(header.buffer).setFloat32(108, 0, true);
    const pair = await openScans([
      { name: "b.img", bytes: bytes.subarray(352) },
      { name: "b.hdr", bytes: header },
    ]);
    expect([pair.leftOut, pair.scans.map(({ name }) => name)]).toEqual([[], ["b"]]);
    expect((await pair.scans[0]!.read(0)).pixels.data).toHaveLength(columns * rows);
  });

  test("damaged and other files are left out, each with its reason", async () => {
    const [whole] = contents();
    const { scans, leftOut } = await openScans([
      whole!,
      { name: "cut.dcm", bytes: whole!.bytes.subarray(0, -50) },
      { name: "note.txt", bytes: new TextEncoder().encode("nothing") },
      { name: "empty", bytes: new Uint8Array() },
    ]);
    expect(scans).toHaveLength(1);
    expect(leftOut.map(({ file }) => file)).toEqual(["cut.dcm", "note.txt", "empty"]);
    for (const { file, reason } of leftOut) expect(reason).toContain(`"${file}"`);
  });

  test("two files of one name are refused", async () => {
    const [one] = contents();
    await expect(openScans([one!, one!])).rejects.toThrow('two files are named "IM0". Add their folders to the names.');
  });
});

test("browsers leave out pictures, and say who decodes them", async () => {
  const png = Uint8Array.from("\x89PNG\r\n\x1a\n\0\0\0\0", (letter) => letter.charCodeAt(0));
  const { leftOut } = await inMemory.openScans([{ name: "a.png", bytes: png }]);
  expect(leftOut[0]!.reason).toContain("createImageBitmap");
});

describe("masks of a DICOM series", () => {
  const scanOf = async () => (await inMemory.openScans(contents())).scans[0]!;

  test("come back from SEG with the frames of the scan", async () => {
    const scan = await scanOf();
    const { bytes, warnings } = await segFromMasks(scan, [...structures, { label: "liver", masks: [] }]);
    expect(warnings).toEqual([expect.stringContaining("the patient's name"), '"liver" is not present: its masks are empty']);
    const seg = masksFromSeg({ name: "seg.dcm", bytes: bytes! }, scan);
    expect(seg).toMatchObject({ kind: "binary", rows, columns, frames: slices });
    expect(seg.structures.map(({ label, type, modifier }) => [label, type?.value, modifier?.value])).toEqual([
      ["left lung", "39607008", "7771000"],
      ["heart", "80891009", undefined],
    ]);
    const [lung, heart] = seg.structures;
    expect([await lung!.maskOf(0), await lung!.maskOf(1), await lung!.maskOf(2)]).toEqual([left, undefined, right]);
    expect(await heart!.maskOf(1)).toEqual(maskAt([3, 3]));
  });

  test("probabilities come back to 1/255", async () => {
    const scan = await scanOf();
    const map = { ...size, data: Float32Array.from(left.data, (v, i) => (v === 1 ? (i === 1 ? 0.4 : 0.8) : 0)) };
    const { bytes } = await segFromMasks(scan, [{ label: "lesion", masks: [left], probabilities: [map] }], { kind: "fractional" });
    const [lesion] = masksFromSeg({ name: "seg.dcm", bytes: bytes! }, scan).structures;
    const found = await lesion!.probabilitiesOf(0);
    for (const [i, p] of map.data.entries()) expect(found!.data[i]).toBeCloseTo(Math.round(255 * p) / 255, 6);
    expect(await lesion!.maskOf(0)).toEqual(maskAt([2, 1]));
  });

  test("the same masks give the same bytes where that is asked for", async () => {
    const scan = await scanOf();
    const [one, other] = [
      await segFromMasks(scan, structures, { deterministic: true }),
      await segFromMasks(scan, structures, { deterministic: true }),
    ];
    expect(one.bytes).toEqual(other.bytes);
  });

  test("become labels on the columns, rows and slices in NIfTI", async () => {
    const { bytes } = await niftiFromMasks(await scanOf(), structures);
    const { shape, volume, position } = await readNifti({ name: "labels.nii.gz", bytes });
    expect(shape).toEqual([columns, rows, slices]);
    const { data } = volume(0);
    expect([data[1], data[columns + 2], data[rows * columns + 3 * columns + 3], data[3 * rows * columns - 1]]).toEqual([1, 1, 2, 1]);
    expect(position.placement.affine[2]).toEqual([0, 0, 2.5, 30]);
  });

  test("that overlap, do not fit, or lack probabilities are refused by name", async () => {
    const scan = await scanOf();
    const twice = [structures[0]!, { label: "right lung", masks: [left] }];
    await expect(niftiFromMasks(scan, twice)).rejects.toThrow('"left lung" and "right lung" overlap');
    await expect(segFromMasks(scan, twice, { kind: "labelmap" })).rejects.toThrow("overlap");
    await expect(segFromMasks(scan, structures, { kind: "fractional" })).rejects.toThrow('"left lung" has no probabilities');
    const wide = { width: 9, height: 6, data: new Uint8Array(54) };
    await expect(segFromMasks(scan, [{ label: "a", masks: [wide] }])).rejects.toThrow("structures[0].masks[0]");
    await expect(segFromMasks(scan, [{ label: "a", masks: [left, left, left, left] }])).rejects.toThrow("has 4 frames, its scan 3");
    await expect(segFromMasks(scan, [])).rejects.toThrow("there are no structures");
  });
});

test.each([
  ["coronal", lps],
  ["coronal", undefined],
  ["sagittal", undefined],
  ["stored", undefined],
] as const)("masks of a NIfTI scan cut along its %s axis lie on the axes of its file", async (axis, placement) => {
  const data = new Int16Array(columns * rows * slices);
  data[2 * rows * columns + 4 * columns + 1] = 7;
  const source = encodeNifti({ shape: [columns, rows, slices], data, placement });
  const { scans } = await inMemory.openScans([{ name: "brain.nii", bytes: source }], { axis });
  const [scan] = scans;
  const masks = [];
  for (let i = 0; i < scan!.frames.length; i++) {
    const { pixels } = await scan!.read(i);
    masks.push({ width: pixels.width, height: pixels.height, data: Uint8Array.from(pixels.data, (value) => (value === 7 ? 1 : 0)) });
  }
  const { bytes } = await niftiFromMasks(scan!, [{ label: "spot", masks }]);
  const { volume } = await readNifti({ name: "spot.nii.gz", bytes });
  expect([...volume(0).data.keys()].filter((i) => volume(0).data[i] !== 0)).toEqual([2 * rows * columns + 4 * columns + 1]);
  const plain = await niftiFromMasks(scan!, [{ label: "spot", masks }], { gzip: false });
  expect(Buffer.compare(gunzipSync(bytes), plain.bytes)).toBe(0);
  await expect(segFromMasks(scan!, [{ label: "spot", masks }])).rejects.toThrow('"brain" is not DICOM');
});

test("files in memory say which one is missing", async () => {
  await expect(filesInMemory([]).content("a.dcm")).rejects.toThrow('"a.dcm" is not among the files');
});
