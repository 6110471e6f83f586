import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { slice, writeMat } from "../../../../test/support/mat-file.ts";
import { InputError } from "../../../errors.ts";
import { readSlice, readSliceFacts } from "./mat-file.ts";

let root: string;
const at = (name: string) => join(root, name);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "medclip-sam-mat-"));
});
afterAll(async () => await rm(root, { recursive: true }));

const image = [
  [100, 200, 300],
  [100, 600, 400],
];
const mask = [
  [0, 1, 0],
  [0, 1, 1],
];

test("a slice has the rows and columns of MATLAB, and its least and largest intensity become 0 and 255", async () => {
  await writeMat(at("1.mat"), "cjdata", slice("100360", 2, image, mask));
  expect(await readSliceFacts(at("1.mat"), 3)).toEqual({ patient: "100360", label: 2 });
  const found = await readSlice(at("1.mat"));
  // 255 (x - 100) / 500: 200 -> 51, 300 -> 102, 600 -> 255, 400 -> 153
  expect(found.image).toEqual({ width: 3, height: 2, data: Uint8Array.of(0, 51, 102, 0, 255, 153) });
  expect(found.mask).toEqual({ width: 3, height: 2, data: Uint8Array.of(0, 1, 0, 0, 1, 1) });
  expect(found.isConstant).toBe(false);
});

test("an image of one intensity is black, and says so", async () => {
  await writeMat(at("flat.mat"), "cjdata", slice("1", 1, [[7, 7]], [[0, 1]]));
  const found = await readSlice(at("flat.mat"));
  expect([...found.image.data]).toEqual([0, 0]);
  expect(found.isConstant).toBe(true);
});

test("negative intensities are levels, too", async () => {
  await writeMat(at("negative.mat"), "cjdata", slice("1", 1, [[-1000, 0, 1000]], [[0, 0, 1]]));
  // 127.5 is rounded to the even number
  expect([...(await readSlice(at("negative.mat"))).image.data]).toEqual([0, 128, 255]);
});

test("a file of MATLAB 5 is refused with what to do", async () => {
  await writeFile(at("old.mat"), "MATLAB 5.0 MAT-file, Platform: PCWIN64".padEnd(600));
  const reading = readSliceFacts(at("old.mat"), 3);
  await expect(reading).rejects.toThrow(InputError);
  await expect(reading).rejects.toThrow(/MATLAB file of version 5.0; expected version 7.3 \(HDF5\).*save\(\.\.\., "-v7\.3"\)/);
});

test("what is no such file, cut short, or lacks a field is named", async () => {
  await writeFile(at("text.mat"), "no matrix");
  await expect(readSlice(at("text.mat"))).rejects.toThrow(/text.mat" is no MATLAB file of version 7.3/);
  const whole = await readFile(at("1.mat"));
  for (const length of [513, 700, whole.length - 100]) {
    await writeFile(at("cut.mat"), whole.subarray(0, length));
    await expect(readSlice(at("cut.mat"))).rejects.toThrow(InputError);
  }
  await writeMat(at("other.mat"), "data", slice("1", 1, image, mask));
  await expect(readSlice(at("other.mat"))).rejects.toThrow(/other.mat" has no field cjdata.image/);
  await expect(readSlice(at("none.mat"))).rejects.toThrow(/none.mat" cannot be read/);
  // The reader works on after failures.
  expect((await readSlice(at("1.mat"))).image.width).toBe(3);
});

test("a label that stands for no class is refused", async () => {
  await writeMat(at("label.mat"), "cjdata", slice("1", 4, image, mask));
  await expect(readSliceFacts(at("label.mat"), 3)).rejects.toThrow("cjdata.label is 4, expected a whole number from 1 to 3");
});

test("a mask of another size, or of other values, is refused", async () => {
  await writeMat(at("size.mat"), "cjdata", slice("1", 1, image, [[0, 1]]));
  await expect(readSlice(at("size.mat"))).rejects.toThrow("cjdata.tumorMask has 2 x 1 pixels, cjdata.image has 3 x 2");
  await writeMat(at("values.mat"), "cjdata", slice("1", 1, [[1, 2]], [[0, 2]]));
  await expect(readSlice(at("values.mat"))).rejects.toThrow("has values other than 0 and 1");
});
