import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { describeWith, sharedJson, sharedPath } from "../../../test/support/shared-data.ts";
import { rasOf } from "../affine.ts";
import { filesOnDisk } from "../files-on-disk.ts";
import { readHeader } from "./read-header.ts";
import { describedSeries } from "./series.ts";

interface Group {
  readonly files: string[];
  readonly frames_1_based?: number[];
  readonly slices: number;
  readonly affine_lps?: number[][];
  readonly affine_ras?: number[][];
  readonly spacing_column_row_slice_mm?: (number | null)[];
  readonly codes: string | null;
  readonly volume: boolean;
  readonly marker_column_row_slice?: [number, number, number];
  readonly marker_ras_mm?: number[];
  readonly warnings: string[];
}
interface Cases {
  readonly cases: { readonly folder: string; readonly groups: Group[] }[];
  readonly pixel_size: { readonly file: string; readonly row_column_mm: [number, number] | null; readonly source: string }[];
}

const place = (path: string) => sharedPath(path.startsWith("data/") ? "" : "parity/dicom", path);
const header = async (file: string) => await readHeader(await filesOnDisk.head(file, 1024), filesOnDisk);
const scansOfFolder = async (folder: string) => {
  const files = readdirSync(place(folder)).map((name) => join(place(folder), name));
  return describedSeries(await Promise.all(files.map(header)));
};

/** What a warning is about: its first word. */
const kindOf = (warning: string) => /^[a-z]+/.exec(warning)?.[0];

function expectMatrix(matrix: readonly (readonly number[])[], expected: number[][] | undefined) {
  for (const [i, row] of matrix.entries())
    for (const [k, value] of row.entries()) expect(Math.abs(value - expected![i]![k]!)).toBeLessThan(1e-4);
}

describeWith(["parity/dicom/geometry.json"], "DICOM series as other programs place them", () => {
  const { cases, pixel_size } = sharedJson<Cases>("parity/dicom/geometry.json");

  test.each(cases.map((one) => [one.folder, one] as const))("%s", async (folder, { groups }) => {
    const scans = await scansOfFolder(folder);
    expect(scans.length).toBe(groups.length);
    for (const [i, scan] of scans.entries()) {
      const group = groups[i]!;
      expect([...new Set(scan.frames.map(({ file }) => basename(file)))]).toEqual(group.files);
      expect(scan.frames.length).toBe(group.slices);
      if (group.frames_1_based) expect(scan.frames.map(({ number }) => number)).toEqual(group.frames_1_based);
      expect(scan.isVolume).toBe(group.volume);
      expect(scan.axisCodes?.join("") ?? null).toBe(group.codes);
      expect(scan.warnings.map(kindOf)).toEqual(group.warnings.map(kindOf));
      for (const [k, length] of scan.spacing?.entries() ?? [])
        expect(length).toBeCloseTo(group.spacing_column_row_slice_mm?.[1 - k] ?? length, 4);
      expect(scan.affine === undefined).toBe(group.affine_lps === undefined);
      if (scan.affine === undefined) continue;
      expectMatrix(scan.affine, group.affine_lps);
      expectMatrix(rasOf(scan.affine), group.affine_ras);
      const [column, row, slice] = group.marker_column_row_slice ?? [0, 0, 0];
      const marker = rasOf(scan.affine).map(([x, y, z, offset]) => x * column + y * row + z * slice + offset);
      for (const [k, mm] of group.marker_ras_mm?.entries() ?? []) expect(Math.abs(marker[k]! - mm)).toBeLessThan(1e-4);
    }
  });

  test.each(pixel_size.map((one) => [one.file, one] as const))("size of a pixel: %s", async (file, { row_column_mm, source }) => {
    const [scan] = describedSeries([await header(place(file))]);
    expect(scan!.spacing ?? null).toEqual(row_column_mm?.map((length) => expect.closeTo(length, 6)) ?? null);
    if (row_column_mm) expect(source.startsWith(scan!.spacingSource!)).toBe(true);
    else expect(scan!.spacingSource).toBeUndefined();
    const isSaid = /say so|warn|different scale/.test(source);
    expect(scan!.warnings.length > 0).toBe(isSaid);
  });
});
