import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { caseSource, openCase } from "../../../../test/support/parity-source.ts";
import { describeWith, sharedJson, sharedPath } from "../../../../test/support/shared-data.ts";
import { readDicom } from "../../../dicom/read-file.ts";
import { deterministicUids } from "../../../dicom/uid.ts";
import { readSafetensors } from "../../../tensor/safetensors.ts";
import type { SourceFrame } from "../source.ts";
import { encodeRtStruct } from "./encode-rtstruct.ts";
import { type ReadRoi, readRtStruct } from "./read-rtstruct.ts";

interface Case {
  readonly file: string;
  readonly source: string;
  readonly note: string;
  readonly rois: readonly {
    readonly name: string;
    readonly ignored_contours: number;
    readonly contours_per_slice: Readonly<Record<string, number>>;
    readonly slice_pixels: readonly number[];
    readonly sha256_uint8: string;
  }[];
}

/** The masks of a region, slice after slice. */
function stackOf({ maskOf }: ReadRoi, source: readonly SourceFrame[]): Uint8Array {
  const { header } = source[0]!;
  const size = header.number("Rows")! * header.number("Columns")!;
  const stack = new Uint8Array(source.length * size);
  for (let frame = 0; frame < source.length; frame++) stack.set(maskOf(frame)?.data ?? [], frame * size);
  return stack;
}

describeWith(["parity/dicom/rtstruct.json"], "RTSTRUCT of three writers and of odd forms", () => {
  const { cases } = sharedJson<{ cases: Case[] }>("parity/dicom/rtstruct.json");

  test.each(cases)("$file is read: $note", ({ file, source: folder, rois }) => {
    const source = caseSource(folder);
    const read = readRtStruct(openCase(file), source);
    expect(read.map(({ name }) => name)).toEqual(rois.map(({ name }) => name));
    for (const [i, roi] of read.entries()) {
      const { name, ignored_contours, contours_per_slice, slice_pixels, sha256_uint8 } = rois[i]!;
      expect(Object.fromEntries([...roi.contours].map(([slice, { length }]) => [slice, length])), name).toEqual(contours_per_slice);
      expect(roi.ignored, name).toBe(ignored_contours);
      const pixels = source.map((_, frame) => roi.maskOf(frame)?.data.reduce((sum, value) => sum + value, 0) ?? 0);
      expect(pixels, name).toEqual(slice_pixels);
      expect(createHash("sha256").update(stackOf(roi, source)).digest("hex"), name).toBe(sha256_uint8);
    }
  });

  test.each([...new Set(cases.map(({ source }) => source))])("masks on %s are written, and read back equal", async (folder) => {
    const source = caseSource(folder);
    const { tensors } = await readSafetensors(sharedPath("parity/dicom", folder.replace(/source$/, "masks.safetensors")));
    const structures = [...tensors].map(([label, { data, shape }]) => {
      const [, height, width] = shape as [number, number, number];
      return {
        label,
        prompts: [],
        colour: [255, 0, 0],
        maskOf: async (index: number) => {
          const own = Uint8Array.from(Array.from(data.slice(index * width * height, (index + 1) * width * height), Number));
          return own.some((value) => value !== 0) ? { width, height, data: own } : undefined;
        },
      };
    });
    const options = { uids: deterministicUids(["test"], folder), now: undefined, strip: false, keepEmpty: false, models: [] };
    const { bytes, empty } = await encodeRtStruct(source, structures, options);
    expect(empty).toEqual([]);
    const read = readRtStruct(readDicom({ name: "written", bytes: bytes! }), source);
    expect(read.map(({ name }) => name)).toEqual([...tensors.keys()]);
    for (const roi of read) {
      expect(roi.ignored).toBe(0);
      expect(stackOf(roi, source), roi.name).toEqual(Uint8Array.from(Array.from(tensors.get(roi.name)!.data, Number)));
    }
  });
});
