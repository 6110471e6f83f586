import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type MadeSeries, madeSeriesFiles } from "../../test/support/dicom-series.ts";
import { rasOf } from "./affine.ts";
import { axisCodes, planes } from "./axes.ts";
import { backOnOrigin, KeptVolumes, resliced } from "./resliced.ts";
import type { AffineLps, CutScan, Scan } from "./scan.ts";
import { scansOf } from "./scans-of.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-resliced-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [rows, columns, slices] = [5, 7, 4];
/** Value of a voxel, which tells where it is. */
const value = (column: number, row: number, slice: number) => 100 * slice + 10 * row + column;
const pixels = (slice: number) =>
  Uint16Array.from({ length: rows * columns }, (_, i) => value(i % columns, Math.floor(i / columns), slice));

let made = 0;
async function series(options: MadeSeries): Promise<Scan> {
  made++;
  const files = [...madeSeriesFiles({ rows, columns, slices, pixels, ...options })].map(([name, bytes]) => {
    const file = join(folder, `${made}-${name}`);
    writeFileSync(file, bytes);
    return file;
  });
  return (await scansOf(files)).scans[0]!;
}

const place = (affine: AffineLps, voxel: readonly [number, number, number]) =>
  affine.map(([x, y, z, offset]) => x * voxel[0] + y * voxel[1] + z * voxel[2] + offset);

const [cos, sin] = [Math.cos(0.3), Math.sin(0.3)];
const orientations: Record<string, readonly number[]> = {
  axial: [1, 0, 0, 0, 1, 0],
  "axial, feet first": [-1, 0, 0, 0, 1, 0],
  coronal: [1, 0, 0, 0, 0, -1],
  sagittal: [0, 1, 0, 0, 0, -1],
  "sagittal, turned round": [0, 0, 1, 0, -1, 0],
  oblique: [cos, 0, sin, 0, 1, 0],
};

describe.each(Object.entries(orientations))("a series that is %s", (_, orientation) => {
  test.each(["axial", "coronal", "sagittal"] as const)("has each voxel at its place in %s slices", async (axis) => {
    const scan = await series({ orientation });
    const cut = resliced(scan, axis, new KeptVolumes());
    expect(cut.axisCodes).toEqual(planes[axis]);
    expect(axisCodes({ affine: rasOf(cut.affine!) })).toEqual(planes[axis]);
    expect(cut.rows * cut.columns * cut.frames.length).toBe(rows * columns * slices);
    expect(cut.spacing![0]).toBeCloseTo(Math.hypot(...cut.affine!.map((row) => row[1])), 9);
    expect(cut.spacing![1]).toBeCloseTo(Math.hypot(...cut.affine!.map((row) => row[0])), 9);
    for (const [index] of cut.frames.entries()) {
      const { data } = (await cut.read(index)).pixels;
      for (let i = 0; i < data.length; i++) {
        const own = [data[i]! % 10, Math.floor(data[i]! / 10) % 10, Math.floor(data[i]! / 100)] as const;
        const [there, here] = [place(scan.affine!, own), place(cut.affine!, [i % cut.columns, Math.floor(i / cut.columns), index])];
        for (const k of [0, 1, 2]) expect(here[k]).toBeCloseTo(there[k]!, 6);
      }
    }
  });

  test("gets masks of slices back on its frames", async () => {
    const scan = await series({ orientation });
    for (const axis of ["axial", "coronal", "sagittal"] as const) {
      const cut = resliced(scan, axis, new KeptVolumes());
      if (!cut.cut) continue; // it lies so already
      const back = await backOnOrigin(cut as CutScan, async (index) =>
        Uint8Array.from((await cut.read(index)).pixels.data, (voxel) => voxel % 3),
      );
      for (let slice = 0; slice < slices; slice++) expect(back(slice)).toEqual(Uint8Array.from(pixels(slice), (voxel) => voxel % 3));
      const empty = await backOnOrigin(cut as CutScan, async () => undefined);
      expect(empty(0)).toBeUndefined();
    }
  });
});

test("slices are shown as their frames are, by one byte a voxel", async () => {
  const scan = await series({});
  const view = { mode: "paper", window: { center: 200, width: 400 } } as const;
  const cut = resliced(scan, "coronal", new KeptVolumes());
  const frame = await cut.read(2, { isOnlyShown: true });
  expect(frame.pixels).toMatchObject({ width: columns, height: slices, channels: 1 });
  expect(frame.pixels.data).toHaveLength(0);
  const { image, window } = await frame.display(view);
  expect(window).toEqual({ kind: "asked", function: "LINEAR", center: 200, width: 400 });
  for (let slice = 0; slice < slices; slice++) {
    const own = (await (await scan.read(slice)).display(view)).image.data.subarray(3 * 2 * columns, 3 * 3 * columns);
    const top = slices - 1 - slice; // the head is on top
    expect(image.data.subarray(3 * top * columns, 3 * (top + 1) * columns)).toEqual(own);
  }
});

test("a plane of long pixels has a warning; the acquired one, a single image and other scans stay as they are", async () => {
  const scan = await series({ step: 5, spacing: [0.7, 0.7] });
  const { warnings } = resliced(scan, "sagittal", new KeptVolumes());
  expect(warnings).toEqual([
    "pixels are 5 x 0.7 mm in this plane, so its slices look squashed to a model: the acquired plane is the better choice",
  ]);
  expect(resliced(scan, "axial", new KeptVolumes())).toBe(scan);
  expect(resliced(scan, "stored", new KeptVolumes())).toBe(scan);
  expect(resliced(scan, undefined, new KeptVolumes())).toBe(scan);
  const single = await series({ slices: 1 });
  expect(resliced(single, "coronal", new KeptVolumes())).toBe(single);
});

test("frames that are no volume, or one too large, are refused with the reason", async () => {
  const scan = await series({});
  const gap = { ...scan, isVolume: false, affine: undefined, warnings: ["gap between slices 2 and 3: 5 mm instead of 2.5"] };
  expect(() => resliced(gap, "coronal", new KeptVolumes())).toThrow(
    '"CT-3" cannot be cut into coronal slices, as it is no volume (gap between slices 2 and 3: 5 mm instead of 2.5). Leave out --axis',
  );
  expect(() => resliced({ ...scan, rows: 60_000, columns: 60_000 }, "coronal", new KeptVolumes())).toThrow("too large to be cut");
});
