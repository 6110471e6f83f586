import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeImage } from "../scans/decode-image.ts";
import { readGray } from "../scans/read-gray.ts";
import { encodeMask, writeGray, writeMask, writeRgb } from "./png.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "png-"));
});
afterAll(() => rm(folder, { recursive: true }));

const ramp = { width: 16, height: 16, data: Uint8Array.from({ length: 256 }, (_, i) => i) };

test("what is written is read back, and the file is 8-bit gray", async () => {
  const file = join(folder, "sub", "ramp.png");
  await writeGray(file, ramp);
  expect(await readGray(file)).toEqual(ramp);
  expect(await sharp(file).metadata()).toMatchObject({ format: "png", channels: 1, space: "b-w", bitsPerSample: 8, isPalette: false });
});

test("a mask is written as 0 and 255", async () => {
  const file = join(folder, "mask.png");
  await writeMask(file, { width: 2, height: 2, data: Uint8Array.from([0, 1, 1, 0]) });
  expect([...(await readGray(file)).data]).toEqual([0, 255, 255, 0]);
  expect(await encodeMask({ width: 2, height: 2, data: Uint8Array.from([0, 1, 1, 0]) })).toEqual(await readFile(file));
});

test("a name that promises another format is refused", async () => {
  await expect(writeMask(join(folder, "mask.jpg"), { width: 1, height: 1, data: Uint8Array.of(1) })).rejects.toThrow(
    /would hold a PNG, not a \.jpg\. Let its name end in \.png/,
  );
});

test("an RGB image is written and decoded unchanged", async () => {
  const image = { width: 2, height: 2, data: Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7]) };
  await writeRgb(join(folder, "rgb.png"), image);
  expect((await decodeImage(join(folder, "rgb.png"), { mode: "paper" })).image).toEqual(image);
});

test("the same pixels give the same bytes, and no temporary file stays", async () => {
  await writeGray(join(folder, "twice", "a.png"), ramp);
  await writeGray(join(folder, "twice", "b.png"), ramp);
  expect(await readFile(join(folder, "twice", "a.png"))).toEqual(await readFile(join(folder, "twice", "b.png")));
  expect((await readdir(join(folder, "twice"))).sort()).toEqual(["a.png", "b.png"]);
});

test("a missing mask and an unwritable place are named", async () => {
  await expect(readGray(join(folder, "none.png"))).rejects.toThrow(/none.png" does not exist/);
  await expect(writeGray(join(folder, "mask.png", "below.png"), ramp)).rejects.toThrow(
    /mask.png" cannot be written: a part of its path is a file/,
  );
});
