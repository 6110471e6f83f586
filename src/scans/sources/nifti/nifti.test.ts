import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lps } from "../../../../test/support/placements.ts";
import { InputError } from "../../../errors.ts";
import { encodeNifti, type NiftiResult } from "../../../results/encode-nifti.ts";
import { decodeImage, openImage } from "../../decode-image.ts";
import { readLabels } from "../../read-labels.ts";
import { readMask } from "../../read-mask.ts";
import type { Placement } from "../image-source.ts";
import { readNifti } from "./read-nifti.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nifti-"));
});
afterAll(() => rm(folder, { recursive: true }));

const write = async (name: string, bytes: Uint8Array): Promise<string> => {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
};

/** A field of a NIfTI-1 header, by its place. */
type Change = readonly [at: number, as: "Int16" | "Int32" | "Float32" | "Uint8", value: number];

/** A file of 2 x 3 x 2 values from 0 to 11 unless said otherwise, with changed fields of the header. */
function file(changes: readonly Change[] = [], result: Partial<NiftiResult> = {}): Uint8Array<ArrayBuffer> {
  const bytes = encodeNifti({ shape: [2, 3, 2], data: Int16Array.from({ length: 12 }, (_, i) => i), placement: lps, ...result });
  const view = new DataView(bytes.buffer);
  for (const [at, as, value] of changes) view[`set${as}`](at, value, true);
  return bytes;
}
const read = (changes: readonly Change[], result?: Partial<NiftiResult>) => readNifti({ name: "a.nii", bytes: file(changes, result) });
const open = (bytes: Uint8Array, name = "a.nii") => openImage({ name, bytes });

/** Places of fields in a NIfTI-1 header. */
const [dim0, dim1, datatype, bitpix, pixdim, voxOffset, slope, intercept] = [40, 42, 70, 72, 76, 108, 112, 116];
const [units, qformCode, sformCode, quaternB, srow] = [123, 252, 254, 256, 280];

describe("frames", () => {
  test("are the slices of a volume in the order of the file, with millimetres [row, column]", async () => {
    const frames = await open(file());
    expect(frames.map(({ pixels }) => [...pixels.data])).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10, 11],
    ]);
    const { pixels, geometry, format, warnings } = frames[0]!;
    expect(pixels).toMatchObject({ width: 2, height: 3, space: "gray", channels: 1, stride: 1, bitDepth: 16 });
    expect(geometry).toEqual({ spacing: [0.75, 0.5], placement: lps, axes: 3 });
    expect([format, warnings]).toEqual(["nifti", []]);
  });

  test("have stored values, and float32 ones where there is a scale; nothing is clipped", async () => {
    const [plain] = await open(file([], { data: Int16Array.from({ length: 12 }, (_, i) => 3000 * i - 9000) }));
    expect(plain!.pixels.data).toEqual(Int16Array.of(-9000, -6000, -3000, 0, 3000, 6000));
    const scaled: Change[] = [
      [slope, "Float32", 2.5],
      [intercept, "Float32", -1000],
    ];
    const [frame] = await open(file(scaled));
    expect(frame!.pixels.data).toEqual(Float32Array.of(-1000, -997.5, -995, -992.5, -990, -987.5));
    for (const none of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const [unscaled] = await open(file([[slope, "Float32", none], scaled[1]!]));
      expect(unscaled!.pixels.data).toEqual(Int16Array.of(0, 1, 2, 3, 4, 5));
    }
  });

  test("of a file with more axes are those of its first volume, which is said", async () => {
    const changes: Change[] = [
      [dim0, "Int16", 4],
      [dim1 + 4, "Int16", 1],
      [dim1 + 6, "Int16", 2],
    ];
    const frames = await open(file(changes));
    expect(frames.map(({ pixels }) => [...pixels.data])).toEqual([[0, 1, 2, 3, 4, 5]]);
    expect(frames[0]!.warnings).toEqual(["has 2 volumes (4 axes), of which only the first is read"]);
    expect([...(await read(changes)).volume(1).data]).toEqual([6, 7, 8, 9, 10, 11]);
  });

  test("have 0 for NaN and infinity, which is said; whole numbers that float32 does not hold are said, too", async () => {
    const data = Float32Array.of(Number.NaN, 1, Number.NEGATIVE_INFINITY, 3);
    const [frame] = await open(file([], { shape: [2, 2], data }));
    expect([...frame!.pixels.data]).toEqual([0, 1, 0, 3]);
    expect(frame!.warnings).toEqual(["2 values are NaN or infinite; they were taken as 0"]);
    const wide = new Int16Array(BigInt64Array.of(-5n, 2n ** 24n + 1n, 7n).buffer);
    const int64 = file(
      [
        [dim1, "Int16", 3],
        [datatype, "Int16", 1024],
        [bitpix, "Int16", 64],
      ],
      { shape: [12, 1], data: wide },
    );
    const [large] = await open(int64);
    expect([...large!.pixels.data]).toEqual([-5, 2 ** 24, 7]);
    expect(large!.warnings).toEqual(["1 values of 2^24 or more (int64) were rounded to float32"]);
  });
});

describe("display", () => {
  const shown = async (result: Partial<NiftiResult>, mode: "paper" | "reference" = "paper") => {
    const { image, warnings } = await (await open(file([], result)))[0]!.display({ mode });
    return { levels: [...image.data].filter((_, i) => i % 3 === 0), warnings };
  };

  test("of unsigned 8-bit values is as stored", async () => {
    expect(await shown({ shape: [2, 2], data: Uint8Array.of(0, 7, 100, 255) })).toEqual({ levels: [0, 7, 100, 255], warnings: [] });
  });

  test("of other values maps the percentiles 0.5 and 99.5 of the volume to 0 and 255", async () => {
    // 201 values from 0 to 2000 in steps of 10: the percentiles lie at ranks 1 and 199, values 10 and 1990.
    const data = Int16Array.from({ length: 201 }, (_, i) => 10 * i);
    const { levels, warnings } = await shown({ shape: [201, 1], data });
    expect(levels.slice(0, 3)).toEqual([0, 0, 1]); // (20 - 10) / 1980 * 255 = 1.29
    expect(levels[100]).toBe(128); // 127.5 is rounded up
    expect(levels.slice(-2)).toEqual([255, 255]);
    expect(warnings).toEqual(["int16 values of 10 to 1990 (0.5 % and 99.5 % percentiles) were mapped to 0 to 255"]);
    expect(await shown({ shape: [201, 1], data }, "reference")).toEqual({ levels, warnings });
  });

  test("uses the range of the whole volume for each slice, without NaN", async () => {
    const data = Float32Array.of(0, 1, Number.NaN, 4);
    const frames = await open(file([], { shape: [1, 2, 2], data }));
    const images = await Promise.all(frames.map((frame) => frame.display({ mode: "paper" })));
    const levels = images.map(({ image }) => [...image.data].filter((_, i) => i % 3 === 0));
    // Percentiles of 0, 1, 4: 0.01 and 3.97. NaN counts as 0, below the range.
    expect(levels).toEqual([
      [0, Math.floor((0.99 / 3.96) * 255 + 0.5)],
      [0, 255],
    ]);
  });

  test("of a constant image is black, and says so", async () => {
    expect(await shown({ shape: [2, 1], data: Int16Array.of(-4, -4) })).toEqual({
      levels: [0, 0],
      warnings: ["int16 values of -4, all the same, were mapped to 0"],
    });
  });

  test("says where a slice does not lie as in radiological pictures", async () => {
    const flipped: Placement = {
      ...lps,
      affine: [
        [0.5, 0, 0, 0],
        [0, 0, 2, 0],
        [0, 0.75, 0, 0],
      ],
    };
    const { warnings } = await shown({ shape: [2, 1], data: Uint8Array.of(1, 2), placement: flipped });
    expect(warnings).toEqual([
      "its coronal slices are shown as stored, columns to the patient's right and rows to the head; radiological pictures have left and feet",
    ]);
  });
});

describe("placement", () => {
  test("lengths in metres and micrometres become millimetres; without a unit they are taken as such, with a warning", async () => {
    const metres = await read([[units, "Uint8", 1]]);
    expect(metres.position.placement.spacing).toEqual([500, 750, 2000]);
    expect(metres.position.placement.affine[0]).toEqual([-500, 0, 0, 10000]);
    const micrometres = await read([[units, "Uint8", 3 + 8]]); // 8: seconds
    expect(micrometres.position.placement.spacing.map((value) => Number(value.toFixed(9)))).toEqual([0.0005, 0.00075, 0.002]);
    const unknown = await read([[units, "Uint8", 0]]);
    expect(unknown.position.placement).toEqual({ ...lps, isUnitKnown: false });
    expect(unknown.warnings).toEqual(["its unit of length is not given; millimetres were assumed"]);
  });

  test("an sform goes before pixdim, and a difference is named", async () => {
    const { position, warnings } = await read([[pixdim + 4, "Float32", 0.6]]);
    expect(position.placement.spacing).toEqual(lps.spacing);
    expect(warnings).toEqual([`pixdim says ${Math.fround(0.6)} mm along x, the sform 0.5 mm; the sform is used`]);
  });

  test("an sform without a volume is not used, which is said", async () => {
    const flat: Change[] = [0, 4, 8].map((at): Change => [srow + at, "Float32", 0]);
    const { position, warnings } = await read(flat);
    expect(position.placement).toEqual({ ...lps, sformCode: 0 });
    expect(warnings).toEqual([
      "its sform maps the image to no volume (code 1, but a row or column of zeros, or no numbers); the qform is used",
    ]);
    // Some programs leave the third axis of a single slice empty: its direction follows from the others.
    const empty: Change[] = [8, 24, 40].map((at): Change => [srow + at, "Float32", 0]);
    const slice = await read(empty, { shape: [2, 1], data: Uint8Array.of(1, 2) });
    expect(slice.position).toMatchObject({ placement: lps, warnings: [] });
  });

  test("without sform and qform the orientation is unknown, without pixdim the spacing, and both are said", async () => {
    const none: Change[] = [
      [qformCode, "Int16", 0],
      [sformCode, "Int16", 0],
    ];
    const { position, warnings } = await read(none);
    expect([position.hasOrientation, position.hasSpacing]).toEqual([false, true]);
    expect(warnings).toEqual(["how it lies in the patient is not given (sform and qform code 0): left, right, front and back are unknown"]);
    const [frame] = await open(file([...none, [pixdim + 8, "Float32", 0]]));
    expect(frame!.geometry).toBeUndefined();
    expect(frame!.warnings).toContain("the distance of voxels along y is not given (pixdim 0)");
  });

  test("a damaged qform is an input error, where it is needed", async () => {
    const damaged: Change = [quaternB, "Float32", 1.5];
    expect((await read([damaged])).position.placement).toEqual(lps);
    await expect(read([damaged, [sformCode, "Int16", 0]])).rejects.toThrow('"a.nii": its qform is damaged: expected a quaternion');
  });
});

describe("damaged files", () => {
  const changed: [string, Change[], string][] = [
    ["of no axes", [[dim0, "Int16", 0]], "its header says 0 dimensions (dim[0]); expected 1 to 7"],
    ["of a negative length", [[dim1, "Int16", -2]], "its header says -2 x 3 x 2 voxels; expected lengths of 1 or more"],
    ["of complex numbers", [[datatype, "Int16", 32]], "has voxels of type complex64 (code 32); expected one of uint8, int16"],
    ["with an unknown type", [[datatype, "Int16", 5]], "has voxels of type none of the format (code 5)"],
    [
      "of too many voxels",
      [[dim1, "Int16", 200]],
      "says 200 x 3 x 2 voxels of int16, 2400 bytes from byte 352; got 24. The file is cut off",
    ],
    [
      "with voxels in the header",
      [[voxOffset, "Float32", 300]],
      "begin at byte 300 by its header (vox_offset); expected a whole number from 352",
    ],
    ["with voxels at no byte", [[voxOffset, "Float32", Number.NaN]], "begin at byte NaN"],
    [
      "with half a scale",
      [
        [slope, "Float32", 2],
        [intercept, "Float32", Number.NaN],
      ],
      "has the scale 2 (scl_slope), but NaN as scl_inter",
    ],
    ["of another mark", [[344, "Uint8", 120]], 'expected "n+1" or "ni1" at byte 344, got "x+1\\u0000"'],
    ["of Analyze", [[344, "Int32", 0]], "is an Analyze 7.5 header"],
  ];
  test.each(changed)("a header %s is refused", async (_, changes, message) => {
    await expect(read(changes)).rejects.toThrow(InputError);
    await expect(read(changes)).rejects.toThrow(message);
  });

  test("a header with a slip is read with a warning", async () => {
    expect((await read([[voxOffset, "Float32", 0]])).warnings).toEqual([
      "its header does not say where the voxels begin (vox_offset 0); byte 352 was taken, right behind the header",
    ]);
    const { warnings, volume } = await read([[bitpix, "Int16", 8]]);
    expect(warnings).toEqual(["its header says 8 bits a voxel (bitpix), but int16 has 16; the latter was taken"]);
    expect([...volume(0).data]).toEqual([...Array(12).keys()]);
  });

  test("a gzip file that is cut off, damaged or has too few bytes is refused", async () => {
    const whole = file([], { shape: [40, 50], data: Int16Array.from({ length: 2000 }, (_, i) => Math.imul(i, 2654435761) >> 16) });
    const compressed = gzipSync(whole);
    await expect(open(compressed.subarray(0, 3000), "a.nii.gz")).rejects.toThrow(
      '"a.nii.gz" is a damaged or truncated gzip file (unexpected end of file). Copy or download it again.',
    );
    const wrongSum = Uint8Array.from(compressed);
    wrongSum[wrongSum.length - 8]! ^= 1;
    await expect(open(wrongSum, "a.nii.gz")).rejects.toThrow("damaged or truncated gzip file (incorrect data check)");
    await expect(open(gzipSync(whole.subarray(0, 400)), "a.nii.gz")).rejects.toThrow(
      "40 x 50 voxels of int16, 4000 bytes from byte 352; got 48.",
    );
    const greedy = file([dim1, dim1 + 2].map((at): Change => [at, "Int16", 9000]));
    await expect(open(gzipSync(greedy), "a.nii.gz")).rejects.toThrow("compressed bytes, too few for that");
    await expect(open(Uint8Array.of(0x1f, 0x8b, 1, 2), "a.nii.gz")).rejects.toThrow("is a damaged or truncated gzip file");
  });

  test("a gzip file is known by its first bytes, may have several members, and bytes behind the voxels are ignored", async () => {
    const members = [file().subarray(0, 360), file().subarray(360), new Uint8Array(100)].map((part) => gzipSync(part));
    const [, second] = await open(Buffer.concat(members), "a.nii");
    expect([...second!.pixels.data]).toEqual([6, 7, 8, 9, 10, 11]);
    expect(await open(Buffer.concat([file(), new Uint8Array(9)]), "a.nii.gz")).toHaveLength(2);
  });

  test("whatever a few wrong bytes do to a header, the file is read or refused as an input", async () => {
    const change = fc.record({ at: fc.nat(351), value: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), fc.boolean(), async (changes, isCompressed) => {
        const bytes = file();
        for (const { at, value } of changes) bytes[at] = value;
        const outcome = await open(isCompressed ? gzipSync(bytes) : bytes).then(
          async (frames) => await Promise.all(frames.map((frame) => frame.display({ mode: "paper" }))),
          (error: unknown) => error,
        );
        if (!(outcome instanceof InputError)) expect(outcome).not.toBeInstanceOf(Error);
      }),
      { numRuns: 300 },
    );
  });

  test("a file whose name promises NIfTI gets NIfTI's message, one with other content that of its own", async () => {
    await expect(open(Buffer.from("hello, world"), "a.nii")).rejects.toThrow('"a.nii" is not a NIfTI file: expected a header');
    await expect(open(Buffer.from(`${"\0".repeat(128)}DICM`), "a.nii")).rejects.toThrow("is a DICOM object");
  });
});

describe("NIfTI-2", () => {
  /** Big-endian, 2 x 1 float64 voxels behind an extension of 16 bytes, on a grid of 3 x 4 mm. */
  function second(): Uint8Array {
    const bytes = new Uint8Array(560 + 16);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, 540);
    bytes.set(Buffer.from("n+2\0\r\n\x1a\n", "latin1"), 4);
    view.setInt16(12, 64);
    view.setInt16(14, 64);
    for (const [i, value] of [2, 2, 1].entries()) view.setBigInt64(16 + 8 * i, BigInt(value));
    for (const [i, value] of [1, 3, 4, 1].entries()) view.setFloat64(104 + 8 * i, value);
    view.setBigInt64(168, 560n);
    view.setInt32(348, 2);
    for (const [at, value] of [
      [400, -3],
      [440, -4],
      [480, 1],
    ] as const)
      view.setFloat64(at, value);
    view.setInt32(500, 2);
    view.setFloat64(560, 0.1);
    view.setFloat64(568, -1e6);
    return bytes;
  }

  test("is read in either byte order", async () => {
    const [frame, ...more] = await open(second());
    expect(more).toEqual([]);
    expect(frame!.pixels).toMatchObject({ width: 2, height: 1, bitDepth: 64, data: Float32Array.of(0.1, -1e6) });
    expect(frame!.geometry).toMatchObject({ spacing: [4, 3], placement: { sformCode: 2, qformCode: 0 } });
  });

  test("that was copied as text is refused", async () => {
    const bytes = second();
    bytes[8] = 10;
    await expect(open(bytes)).rejects.toThrow("was changed by a transfer as text");
  });
});

describe("a pair of files", () => {
  const pair = () => {
    const bytes = file([
      [344, "Int32", 0x0031696e], // "ni1"
      [voxOffset, "Float32", 4],
    ]);
    return { header: bytes.subarray(0, 348), voxels: Buffer.concat([new Uint8Array(4), bytes.subarray(352)]) };
  };

  test("is read by either name", async () => {
    const { header, voxels } = pair();
    const names = [await write("pair.hdr", header), await write("pair.img", voxels), await write("zip.HDR", header)];
    await write("zip.IMG.GZ", gzipSync(voxels));
    for (const name of names) expect((await openImage(name)).map(({ pixels }) => [...pixels.data])[1]).toEqual([6, 7, 8, 9, 10, 11]);
  });

  test("without its other file is refused, with the name that is missing", async () => {
    const { header, voxels } = pair();
    const [lonely, raw] = [await write("lonely.hdr", header), await write("raw.img", voxels)];
    await expect(openImage(lonely)).rejects.toThrow(/holds the header of a pair of files; expected its voxels in ".*lonely\.img"/);
    await expect(openImage(raw)).rejects.toThrow(/holds the voxels of a pair of files; expected its header in ".*raw\.hdr"/);
    await expect(openImage(await write("odd.nii", header))).rejects.toThrow("Name it .hdr, with its .img file beside it.");
  });
});

describe("commands that take single images", () => {
  test("read a file of one slice, and refuse a volume with a message", async () => {
    const slice = await write("slice.nii.gz", gzipSync(file([], { shape: [2, 1, 1], data: Uint8Array.of(3, 200), placement: lps })));
    const { image, geometry, source, warnings } = await decodeImage(slice);
    expect([...image.data]).toEqual([3, 3, 3, 200, 200, 200]);
    expect(geometry?.spacing).toEqual([0.75, 0.5]);
    expect(source).toEqual({ format: "nifti", width: 2, height: 1, channels: 1, bitDepth: 8 });
    expect(warnings).toEqual([]);
    await expect(decodeImage(await write("volume.nii", file()))).rejects.toThrow(
      /volume\.nii" holds 2 slices; one is expected\. `medclip-sam inspect "[^"]*volume\.nii" --png DIR` writes each as a picture of its own/,
    );
  });

  test("say how labels of a volume become masks of slices", async () => {
    const labels = await write("labels.nii", file());
    await expect(readLabels(labels)).rejects.toThrow(
      /labels\.nii" holds 2 slices; one is expected\. `medclip-sam convert "[^"]*labels\.nii" --out DIR` writes its labels as masks/,
    );
  });

  test("name a NIfTI file where a picture is wanted", async () => {
    const mask = await write("mask.nii.gz", gzipSync(file()));
    await expect(readMask(mask)).rejects.toThrow("is a NIfTI file; expected a PNG, JPEG, TIFF, WebP, BMP or GIF image here");
  });
});

test("a window that is asked for takes the place of the percentiles", async () => {
  const [frame] = await open(file([], { shape: [4, 1], data: Int16Array.of(-1000, -200, 0, 200) }));
  const { image, window, warnings } = await frame!.display({ mode: "paper", window: { center: 0, width: 401 } });
  // LINEAR: (x + 0.5) / 400 + 0.5: -0.0 at -200.5, 0.50125 at 0, 1 at 199.5.
  expect([...image.data].filter((_, i) => i % 3 === 0)).toEqual([0, 0, 128, 255]);
  expect(window).toEqual({ kind: "asked", function: "LINEAR", center: 0, width: 401 });
  expect(warnings.join()).not.toContain("percentiles");
});
