import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { describeWith, sharedJson, sharedPath } from "../../../../test/support/shared-data.ts";
import { InputError } from "../../../errors.ts";
import { axisCodes, planes, reorder } from "../../axes.ts";
import { filesOnDisk } from "../../files-on-disk.ts";
import { readContent } from "../../read-content.ts";
import type { Placement } from "../image-source.ts";
import { type NiftiFile, readNifti } from "./read-nifti.ts";

interface Case {
  readonly file: string;
  readonly affine_ras?: number[][];
  readonly codes?: string;
}
interface Rule extends Case {
  readonly note: string;
  readonly expect?: "refused";
  readonly shape?: number[];
  readonly axial_sha256_float32_per_volume?: string[];
  readonly axial_sha256_rgb_uint8?: string;
  readonly non_finite?: number;
}
interface Cases {
  readonly expected: {
    readonly shapes: Record<string, number[]>;
    readonly sha256_stacks_int16: Record<string, string>;
    readonly sha256_mask_stacks_uint8: Record<string, string>;
  };
  readonly orientations: (Case & { readonly codes: string; readonly sha256_mask_uint8_as_stored: string })[];
  readonly rules: Rule[];
}

const sha256 = (data: ArrayBufferView) =>
  createHash("sha256")
    .update(data as Uint8Array)
    .digest("hex");

const open = async (file: string) => await readNifti(await readContent(sharedPath("parity/dicom", file)), filesOnDisk);

const stack = ({ shape, position, volume }: NiftiFile, plane: keyof typeof planes, index = 0) =>
  reorder({ shape, data: volume(index).data }, axisCodes(position.placement), planes[plane]);

/** The cases' numbers are rounded to five decimals. */
function expectAffine({ affine }: Placement, expected: number[][], name: string) {
  for (const [i, row] of affine.entries())
    for (const [k, value] of row.entries()) expect(value, `${name} [${i}, ${k}]`).toBeCloseTo(expected[i]![k]!, 4);
}

describeWith(["parity/dicom/nifti/orientation.json"], "NIfTI files as nibabel reads them", () => {
  const { expected, orientations, rules } = sharedJson<Cases>("parity/dicom/nifti/orientation.json");

  test("one volume in all 48 orders of axes gives the same stacks, and a mask goes back onto each file's own axes", async () => {
    expect(orientations.length).toBe(48);
    for (const { file, codes, affine_ras, sha256_mask_uint8_as_stored } of orientations) {
      const read = await open(file);
      const own = axisCodes(read.position.placement);
      expect(own.join(""), file).toBe(codes);
      expectAffine(read.position.placement, affine_ras!, file);
      for (const plane of Object.keys(planes) as (keyof typeof planes)[]) {
        const { shape, data } = stack(read, plane);
        expect([...shape].reverse(), file).toEqual(expected.shapes[plane]);
        expect(sha256(data), `${file} ${plane}`).toBe(expected.sha256_stacks_int16[plane]);
        const mask = Uint8Array.from(data, (value) => Number(value > 60));
        expect(sha256(mask), `${file} ${plane}`).toBe(expected.sha256_mask_stacks_uint8[plane]);
        expect(sha256(reorder({ shape, data: mask }, planes[plane], own).data), `${file} ${plane}`).toBe(sha256_mask_uint8_as_stored);
      }
    }
  });

  test.each(rules.filter((rule) => rule.expect !== "refused").map((rule) => [rule.file, rule] as const))("%s", async (file, rule) => {
    const read = await open(file);
    if (rule.affine_ras) expectAffine(read.position.placement, rule.affine_ras, file);
    if (rule.codes) expect(axisCodes(read.position.placement).join("")).toBe(rule.codes);
    if (rule.shape) expect([...read.shape, read.volumes]).toEqual([...rule.shape, 1, 1].slice(0, 4));
    for (const [i, hash] of (rule.axial_sha256_float32_per_volume ?? []).entries())
      expect(sha256(Float32Array.from(stack(read, "axial", i).data)), `volume ${i}`).toBe(hash);
    if (rule.axial_sha256_rgb_uint8) expect(sha256(stack(read, "axial").data)).toBe(rule.axial_sha256_rgb_uint8);
    if (rule.non_finite !== undefined)
      expect(read.volume(0).warnings).toEqual([`${rule.non_finite} values are NaN or infinite; they were taken as 0`]);
    expect(read.position.hasOrientation).toBe(!file.includes("no_form"));
  });

  test.each(rules.filter((rule) => rule.expect === "refused").map(({ file, note }) => [file, note] as const))(
    "%s is refused: %s",
    async (file) => {
      await expect(open(file)).rejects.toThrow(InputError);
    },
  );
});

describeWith(["data/nifti/index.csv"], "NIfTI files of other projects", () => {
  const rows = () => {
    const [head, ...lines] = parse(readFileSync(sharedPath("data/nifti/index.csv"))) as string[][];
    return lines.map((line) => Object.fromEntries(head!.map((name, i) => [name, line[i]!])));
  };

  test("have the shape, the affine and the values that nibabel finds", async () => {
    for (const row of rows().filter(({ klass }) => /^Nifti/.test(klass!))) {
      const file = row.file!;
      const read = await readNifti(await readContent(sharedPath("data/nifti", file)), filesOnDisk);
      const { placement } = read.position;
      expect(
        [...read.shape, read.volumes].filter((length, i) => length > 1 || i < 3),
        file,
      ).toEqual(
        row
          .shape!.split("x")
          .map(Number)
          .filter((length, i) => length > 1 || i < 3),
      );
      expect(axisCodes(placement).join(""), file).toBe(row.axcodes);
      expect([placement.qformCode, placement.sformCode], file).toEqual([Number(row.qform), Number(row.sform)]);
      for (const [i, value] of placement.affine.flat().entries()) expect(value, file).toBeCloseTo(Number(row.affine!.split(" ")[i]), 4);
      for (const [i, value] of placement.spacing.entries()) expect(value, file).toBeCloseTo(Number(row.zooms!.split(" ")[i]), 5);
      const volumes = Array.from({ length: read.volumes }, (_, i) => read.volume(i).data);
      let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
      for (const data of volumes) {
        for (let i = 0; i < data.length; i++) {
          min = Math.min(min, data[i]!);
          max = Math.max(max, data[i]!);
          sum += data[i]!;
        }
        count += data.length;
      }
      for (const [name, value] of Object.entries({ min, max, mean: sum / count })) {
        const expected = Number(row[name]);
        expect(Math.abs(value - expected), `${file} ${name}`).toBeLessThanOrEqual(1e-6 * Math.max(Math.abs(expected), 1));
      }
      const isScaled = !/int/.test(row.dtype!) ? false : volumes[0] instanceof Float32Array;
      const hash = createHash("sha256");
      for (const data of volumes) hash.update(data);
      if (!isScaled) expect(hash.digest("hex").slice(0, row.data_sha256!.length), file).toBe(row.data_sha256);
    }
  });

  test.each([
    ["analyze.hdr", "is an Analyze 7.5 header"],
    ["nifti1.hdr", 'expected its voxels in "'],
    ["nifti2.hdr", 'nifti2.img". Put both in one folder.'],
    ["not-nifti.nii", "expected a header that begins with its length, 348 or 540"],
    ["row_major.dconn.nii", "is a CIFTI-2 file (intent 3001)"],
  ])("%s is refused: it %s", async (file, message) => {
    await expect(readContent(sharedPath("data/nifti", file)).then((content) => readNifti(content, filesOnDisk))).rejects.toThrow(message);
  });
});
