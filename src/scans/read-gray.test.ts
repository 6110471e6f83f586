import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import { InputError } from "../errors.ts";
import { readGray, readSaliency } from "./read-gray.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gray-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("colour becomes gray by OpenCV's weights, alpha is dropped", async () => {
  const file = join(folder, "colour.png");
  const data = Uint8Array.from([255, 0, 0, 255, 0, 255, 0, 0, 0, 0, 255, 128, 200, 200, 200, 1]);
  await writeFile(
    file,
    await sharp(data, { raw: { width: 4, height: 1, channels: 4 } })
      .png()
      .toBuffer(),
  );
  // (255 * 4899 + 8192) >> 14 = 76; green 150; blue 29; a gray stays itself
  expect([...(await readGray(file)).data]).toEqual([76, 150, 29, 200]);
});

test("palette and one-bit masks are expanded", async () => {
  const palette = join(folder, "palette.png");
  const colours = Uint8Array.from([0, 0, 0, 255, 255, 255, 0, 0, 0]);
  await writeFile(
    palette,
    await sharp(colours, { raw: { width: 3, height: 1, channels: 3 } })
      .png({ palette: true, colours: 2 })
      .toBuffer(),
  );
  expect([...(await readGray(palette)).data]).toEqual([0, 255, 0]);
  const bits = join(folder, "bits.tif");
  const gray = sharp(Uint8Array.from([255, 0, 255]), { raw: { width: 3, height: 1, channels: 1 } }).toColourspace("b-w");
  await writeFile(bits, await gray.tiff({ bitdepth: 1, compression: "none" }).toBuffer());
  expect([...(await readGray(bits)).data]).toEqual([255, 0, 255]);
});

test("16-bit masks are refused with what to do", async () => {
  const file = join(folder, "labels.png");
  const labels = sharp(Uint16Array.from([0, 300]), { raw: { width: 2, height: 1, channels: 1 } }).toColourspace("grey16");
  await writeFile(file, await labels.png().toBuffer());
  await expect(readGray(file)).rejects.toThrow(InputError);
  await expect(readGray(file)).rejects.toThrow(/labels.png" has 16 bits a sample; expected an 8-bit mask. If it holds labels/);
});

test("a saliency map in colours is refused, as its gray says nothing; gray in three channels is read", async () => {
  const file = join(folder, "heat.png");
  const write = async (...data: number[]) =>
    writeFile(
      file,
      await sharp(Uint8Array.from(data), { raw: { width: 2, height: 1, channels: 3 } })
        .png()
        .toBuffer(),
    );
  await write(0, 0, 128, 255, 30, 0); // the ends of a colour map
  await expect(readSaliency(file)).rejects.toThrow(/heat.png" is a picture in colours; expected a saliency map, 8-bit gray/);
  await write(9, 9, 9, 200, 203, 199);
  expect([...(await readSaliency(file)).data]).toEqual([9, 202]);
  await expect(readSaliency(join(folder, "labels.png"))).rejects.toThrow("expected an 8-bit saliency map. Scale it to 0 to 255.");
});

describeWith(["data/microscopy_nuclei/instances", "parity/clip/images"], "real mask files", () => {
  test("instance labels of 16 bits are refused", async () => {
    const [first] = await readdir(sharedPath("data/microscopy_nuclei/instances"));
    await expect(readGray(sharedPath("data/microscopy_nuclei/instances", first!))).rejects.toThrow("16 bits a sample");
  });

  test("a one-bit png is 0 and 255", async () => {
    const { data } = await readGray(sharedPath("parity/clip/images/bilevel_45x45.png"));
    expect([...new Set(data)].sort()).toEqual([0, 255]);
  });
});
