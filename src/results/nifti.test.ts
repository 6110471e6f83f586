import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lps as radiological } from "../../test/support/placements.ts";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { InputError, ShapeError } from "../errors.ts";
import { onlyFrame, openImage } from "../scans/decode-image.ts";
import { readContent } from "../scans/read-content.ts";
import type { Placement } from "../scans/sources/image-source.ts";
import { readNifti } from "../scans/sources/nifti/read-nifti.ts";
import { encodeNifti, type NiftiResult } from "./encode-nifti.ts";
import { writeNifti } from "./nifti.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nifti-"));
});
afterAll(() => rm(folder, { recursive: true }));

const read = async (result: NiftiResult) => await readNifti({ name: "written.nii", bytes: encodeNifti(result) });
const { fround } = Math;

/** Its two forms say different things. */
const lps: Placement = { ...radiological, sformCode: 2 };

test("the header holds the shape, the type, the spacing, both forms with their codes, and the intent of labels", () => {
  const bytes = encodeNifti({ shape: [2, 1, 3], data: Uint16Array.of(1, 2, 3, 4, 5, 600), placement: lps, isLabels: true });
  const view = new DataView(bytes.buffer);
  const int16 = (at: number, length: number) => Array.from({ length }, (_, i) => view.getInt16(at + 2 * i, true));
  const float32 = (at: number, length: number) => Array.from({ length }, (_, i) => view.getFloat32(at + 4 * i, true));
  expect([view.getInt32(0, true), bytes.length]).toEqual([348, 352 + 12]);
  expect(int16(40, 8)).toEqual([3, 2, 1, 3, 1, 1, 1, 1]);
  expect(int16(68, 3)).toEqual([1002, 512, 16]);
  expect(float32(76, 4)).toEqual([1, 0.5, 0.75, 2]);
  expect(float32(108, 3)).toEqual([352, 1, 0]);
  expect([bytes[123], ...int16(252, 2)]).toEqual([2, 1, 2]);
  expect(float32(256, 6)).toEqual([0, 0, 1, 10, 20, -30]); // half a turn about z: a 0, d 1
  expect(float32(280, 12)).toEqual([-0.5, 0, 0, 10, 0, -0.75, 0, 20, 0, 0, 2, -30]);
  expect(Buffer.from(bytes.subarray(344, 352)).toString("latin1")).toBe("n+1\0\0\0\0\0");
  expect([...new Uint16Array(bytes.buffer, 352)]).toEqual([1, 2, 3, 4, 5, 600]);
});

test("a mirrored volume has qfac -1, and a qform alone carries it", async () => {
  const [x, y, [, , , z]] = lps.affine;
  const mirrored: Placement = { ...lps, affine: [x, y, [0, 0, -2, z]], sformCode: 0 };
  const { position } = await read({ shape: [1, 1, 1], data: Uint8Array.of(1), placement: mirrored });
  expect(position.placement).toEqual(mirrored);
});

test("a sheared affine is written as sform alone", async () => {
  const sheared: Placement = { ...lps, affine: [lps.affine[0], [0, -0.75, 0.5, 20], lps.affine[2]] };
  const { position } = await read({ shape: [1, 1, 2], data: Uint8Array.of(1, 2), placement: sheared });
  expect(position.placement).toMatchObject({ affine: sheared.affine, qformCode: 0, sformCode: 2 });
  expect(position.warnings).toContain("its axes are not perpendicular (the sform is sheared)");
});

test("without a placement the file says that it has none", async () => {
  const { position, warnings } = await read({ shape: [2, 1], data: Float32Array.of(-1.5, 2.25) });
  expect(position.hasOrientation).toBe(false);
  expect(warnings.join()).toMatch(/unit of length is not given.*how it lies in the patient is not given/);
});

test("the same voxels give the same bytes, with no time or system in them", async () => {
  const result: NiftiResult = { shape: [3, 1], data: Uint8Array.of(0, 1, 0), placement: lps };
  await writeNifti(join(folder, "a.nii.gz"), result);
  await writeNifti(join(folder, "b.nii.gz"), result);
  const bytes = await readFile(join(folder, "a.nii.gz"));
  expect(await readFile(join(folder, "b.nii.gz"))).toEqual(bytes);
  expect([...bytes.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  await writeNifti(join(folder, "a.nii"), result);
  expect(await readFile(join(folder, "a.nii"))).toEqual(gunzipSync(bytes));
});

test("wrong sizes and names are refused", async () => {
  expect(() => encodeNifti({ shape: [2, 2], data: new Uint8Array(3) })).toThrow(ShapeError);
  expect(() => encodeNifti({ shape: [2, 2], data: new Uint8Array(3) })).toThrow("expected 2 x 2 = 4 values, got 3");
  expect(() => encodeNifti({ shape: [32768, 1], data: new Uint8Array(32768) })).toThrow("NIfTI-1 holds at most 32767 along an axis");
  await expect(writeNifti(join(folder, "a.png"), { shape: [1, 1], data: Uint8Array.of(1) })).rejects.toThrow(InputError);
});

/** A volume with any rotation, mirrored or not, in numbers that float32 holds. */
const results = fc
  .record({
    shape: fc.oneof(fc.tuple(axis(), axis()), fc.tuple(axis(), axis(), axis())),
    type: fc.constantFrom(Uint8Array, Uint16Array, Int16Array, Float32Array),
    seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    quaternion: fc.tuple(unit(), unit(), unit(), unit()).filter((q) => Math.hypot(...q) > 0.1),
    spacing: fc.tuple(distance(), distance(), distance()),
    offset: fc.tuple(place(), place(), place()),
    mirror: fc.boolean(),
    codes: fc.constantFrom([0, 2], [1, 0], [1, 1], [2, 4], [0, 0]),
    isUnitKnown: fc.boolean(),
  })
  .map(({ shape, type, seed, quaternion, spacing, offset, mirror, codes, isUnitKnown }): NiftiResult & { placement: Placement } => {
    const length = shape.reduce((product, each) => product * each, 1);
    const data = new type(Array.from({ length }, (_, i) => fround(Math.imul(i + 1, seed) / (type === Float32Array ? 997 : 1))));
    const [a, b, c, d] = quaternion.map((value) => value / Math.hypot(...quaternion)) as [number, number, number, number];
    const [dx, dy, dz] = [spacing[0], spacing[1], spacing[2] * (mirror ? -1 : 1)];
    const rotation = [
      [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
      [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
      [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ];
    const row = (i: number) =>
      [...[dx, dy, dz].map((step, k) => fround(rotation[i]![k]! * step) + 0), offset[i]!] as unknown as Placement["affine"][0];
    const affine = [row(0), row(1), row(2)] as const;
    return { shape, data, placement: { affine, spacing, qformCode: codes[0]!, sformCode: codes[1]!, isUnitKnown } };
  });
function axis() {
  return fc.integer({ min: 1, max: 6 });
}
function unit() {
  return fc.double({ min: -1, max: 1, noNaN: true });
}
function distance() {
  return fc.double({ min: 0.05, max: 9, noNaN: true }).map(fround);
}
function place() {
  return fc.double({ min: -500, max: 500, noNaN: true }).map((value) => fround(value) + 0);
}

test("what is written is read back: the values, the type, the shape and the placement", async () => {
  await fc.assert(
    fc.asyncProperty(results, async (result) => {
      const { shape, volumes, position, volume } = await read(result);
      expect([...shape, volumes]).toEqual([...result.shape, 1, 1].slice(0, 3).concat(1));
      expect(volume(0).data).toEqual(result.data);
      const { affine, ...placement } = result.placement;
      expect(position.placement).toMatchObject(placement);
      if (placement.sformCode > 0) expect(position.placement.affine).toEqual(affine);
      else if (placement.qformCode > 0) {
        // The format drops a, and float32 rounding of b, c and d leaves up to 4e-4 of it where it is small.
        for (const [i, row] of affine.entries())
          for (const [k, value] of row.entries()) expect(Math.abs(position.placement.affine[i]![k]! - value)).toBeLessThan(0.001 * 9);
      } else expect(position.hasOrientation).toBe(false);
    }),
  );
});

const sha256 = (data: ArrayBufferView) =>
  createHash("sha256")
    .update(data as Uint8Array)
    .digest("hex");

describeWith(["parity/dicom/nifti/orientation.json"], "results on the grids of other programs' files", () => {
  const { orientations } = sharedJson<{ orientations: { file: string }[] }>("parity/dicom/nifti/orientation.json");

  test("have the affine and the codes of their source", async () => {
    for (const file of [...orientations.map((each) => each.file), "nifti/oblique.nii.gz", "nifti/qform_qfac_minus_1.nii.gz"]) {
      const source = await readNifti(await readContent(sharedPath("parity/dicom", file)));
      const { placement } = source.position;
      const written = await read({ shape: source.shape, data: new Uint8Array(210), placement, isLabels: true });
      if (placement.sformCode > 0) expect(written.position.placement, file).toEqual(placement);
      else {
        expect(written.position.placement).toMatchObject({ spacing: placement.spacing, qformCode: placement.qformCode, sformCode: 0 });
        for (const [i, row] of placement.affine.entries())
          for (const [k, value] of row.entries()) expect(written.position.placement.affine[i]![k], file).toBeCloseTo(value, 5);
      }
    }
  });
});

describeWith(
  ["parity/nnunet/datasets/Dataset505_NiftiSlices/sources.json", "data/nifti/t1_crop.nii.gz"],
  "slices as nnU-Net reads them",
  () => {
    const dataset = "parity/nnunet/datasets/Dataset505_NiftiSlices";
    interface Source {
      readonly case: string;
      readonly image: string;
      readonly axis: "i" | "j" | "k";
      readonly index: number;
      readonly volume: number;
      readonly threshold: number;
      readonly shape: [number, number];
      readonly image_sha256: string;
      readonly label_sha256: string;
      readonly spacing: [number, number];
    }
    const { cases } = sharedJson<{ cases: Source[] }>(dataset, "sources.json");
    const { spacings } = sharedJson<{ spacings: number[][] }>(dataset, "dataset_fingerprint.json");

    test.each(cases.map((each, i) => [each.case, each, spacings[i]!] as const))("%s of dataset 505", async (name, source, fingerprint) => {
      const { shape, position, volume } = await readNifti(await readContent(sharedPath("data", source.image)));
      const { data } = volume(source.volume);
      const strides = [1, shape[0], shape[0] * shape[1]];
      const across = "ijk".indexOf(source.axis);
      const [a, b] = [0, 1, 2].filter((each) => each !== across) as [number, number];
      const [height, width] = [shape[a]!, shape[b]!];
      const slice = new Float32Array(height * width);
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++)
          slice[row * width + column] = data[row * strides[a]! + column * strides[b]! + source.index * strides[across]!]!;
      expect(sha256(slice)).toBe(source.image_sha256);

      const spacing = [position.placement.spacing[b]!, position.placement.spacing[a]!, 1] as const;
      const placement: Placement = {
        affine: [
          [-spacing[0], 0, 0, 0],
          [0, -spacing[1], 0, 0],
          [0, 0, 1, 0],
        ],
        spacing,
        qformCode: 1,
        sformCode: 1,
        isUnitKnown: true,
      };
      const file = join(folder, `${name}_0000.nii.gz`);
      await writeNifti(file, { shape: [width, height], data: slice, placement });
      const frame = onlyFrame(await openImage(file), file);
      expect([frame.pixels.height, frame.pixels.width]).toEqual(source.shape);
      expect(sha256(frame.pixels.data)).toBe(source.image_sha256);
      expect(frame.geometry!.spacing).toEqual(source.spacing);
      expect([999 * Math.max(...frame.geometry!.spacing), ...frame.geometry!.spacing]).toEqual(fingerprint);

      const labels = Uint8Array.from(slice, (value) => Number(value > source.threshold));
      await writeNifti(file, { shape: [width, height], data: labels, placement, isLabels: true });
      expect(sha256(onlyFrame(await openImage(file), file).pixels.data)).toBe(source.label_sha256);
    });
  },
);
