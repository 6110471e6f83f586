import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import type { Scan } from "./scan.ts";
import { scansOf } from "./scans-of.ts";
import type { SliceAxis } from "./sources/nifti/nifti.ts";

interface SeriesCases {
  readonly cases: {
    readonly folder: string;
    readonly groups: { readonly files: string[]; readonly sha256_int16_slice_row_column?: string }[];
  }[];
}
interface NiftiCases {
  readonly expected: { readonly shapes: Record<string, number[]>; readonly sha256_stacks_int16: Record<string, string> };
  readonly orientations: { readonly file: string }[];
  readonly rules: {
    readonly file: string;
    readonly note: string;
    readonly expect?: "refused";
    readonly axial_sha256_float32_per_volume?: string[];
    readonly axial_sha256_rgb_uint8?: string;
  }[];
}

const place = (path: string) => sharedPath(path.startsWith("data/") ? "" : "parity/dicom", path);

/** The hash of all frames, one after the other, as numbers of a type. */
async function hashOf(scan: Scan, Type: typeof Int16Array | typeof Float32Array | typeof Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let i = 0; i < scan.frames.length; i++) {
    const { pixels } = await scan.read(i);
    expect([pixels.height, pixels.width]).toEqual([scan.rows, scan.columns]);
    hash.update(new Uint8Array(Type.from(pixels.data).buffer));
  }
  return hash.digest("hex");
}

describeWith(["parity/dicom/geometry.json"], "series of DICOM files", () => {
  const { cases } = sharedJson<SeriesCases>("parity/dicom/geometry.json");
  test.each(cases.map((one) => [one.folder, one.groups] as const))("%s", async (folder, groups) => {
    const { scans, leftOut } = await scansOf(readdirSync(place(folder)).map((name) => join(place(folder), name)));
    expect(leftOut).toEqual([]);
    expect(scans.map(({ frames }) => [...new Set(frames.map(({ file }) => basename(file)))])).toEqual(groups.map(({ files }) => files));
    for (const [i, { sha256_int16_slice_row_column: expected }] of groups.entries())
      if (expected) expect(await hashOf(scans[i]!, Int16Array)).toBe(expected);
  });
});

describeWith(["parity/dicom/nifti/orientation.json"], "stacks of NIfTI files", () => {
  const { expected, orientations, rules } = sharedJson<NiftiCases>("parity/dicom/nifti/orientation.json");
  const only = async (file: string, axis: SliceAxis) => {
    const { scans, leftOut } = await scansOf([place(file)], { axis });
    expect(leftOut).toEqual([]);
    expect(scans.length).toBe(1);
    return scans[0]!;
  };

  test.each(["axial", "coronal", "sagittal"] as const)("%s slices of one volume in all orders of its axes", async (axis) => {
    for (const { file } of orientations) {
      const scan = await only(file, axis);
      expect([scan.frames.length, scan.rows, scan.columns], file).toEqual(expected.shapes[axis]);
      expect(await hashOf(scan, Int16Array), file).toBe(expected.sha256_stacks_int16[axis]);
      expect(scan).toMatchObject({ isVolume: true, axisCodes: { axial: "LPS", coronal: "LIP", sagittal: "PIL" }[axis].split("") });
      // A voxel lies where it lay in the file: all 48 files are one volume.
      const [left, posterior, superior] = scan.affine!;
      const size = (row: readonly number[]) => Math.max(...row.slice(0, 3).map(Math.abs));
      expect([size(left), size(posterior), size(superior)], file).toEqual([1.19, 1.93, 2.35].map((length) => expect.closeTo(length, 5)));
      const firstVoxel = { axial: [42.59, -14.02, -17.61], coronal: [42.59, -14.02, -8.21], sagittal: [42.59, -14.02, -8.21] }[axis];
      expect([left[3], posterior[3], superior[3]], file).toEqual(firstVoxel.map((mm) => expect.closeTo(mm, 4)));
    }
  });

  test.each(rules.filter((rule) => rule.expect !== "refused").map((rule) => [rule.file, rule] as const))("%s", async (file, rule) => {
    const scan = await only(file, "axial");
    const { axial_sha256_float32_per_volume: gray, axial_sha256_rgb_uint8: colour } = rule;
    if (gray) expect(await hashOf(scan, Float32Array)).toBe(gray[0]);
    if (colour) expect(await hashOf(scan, Uint8Array)).toBe(colour);
    expect(scan.affine === undefined).toBe(file.includes("no_form"));
  });

  test.each(rules.filter((rule) => rule.expect === "refused").map(({ file, note }) => [file, note] as const))("%s: %s", async (file) => {
    const { scans, leftOut } = await scansOf([place(file)]);
    // A file that is cut off has a sound header: it fails when it is read.
    if (scans.length > 0) await expect(scans[0]!.read(0)).rejects.toThrow(place(file));
    else expect(leftOut).toMatchObject([{ category: "damaged" }]);
  });
});
