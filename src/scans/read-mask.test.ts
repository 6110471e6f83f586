import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { bmpOf } from "../../test/support/bmp-files.ts";
import { pngOf, tiffOf } from "../../test/support/mask-files.ts";
import { drawn } from "../../test/support/pictures.ts";
import { InputError } from "../errors.ts";
import { MaskError, maskOf } from "./mask-rule.ts";
import { readMask } from "./read-mask.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-masks-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(bytes: Uint8Array): string {
  const file = join(folder, `${files++}.dat`);
  writeFileSync(file, bytes);
  return file;
}

/** What a mask file is read as, drawn as text, and the warnings. */
async function read(bytes: Uint8Array, label?: number): Promise<{ rows: string[]; warnings: readonly string[] }> {
  const { mask, warnings } = await readMask(fileOf(bytes), { label });
  const text = Array.from(mask.data, (value) => (value === 1 ? "#" : ".")).join("");
  return { rows: Array.from({ length: mask.height }, (_, y) => text.slice(y * mask.width, (y + 1) * mask.width)), warnings };
}

/** The structure of most files below: eight pixels, of which "a" marks background and "b" foreground. */
const structure = ["..##", ".#.."];
const empty = ["....", "...."];
const full = ["####", "####"];
/** Samples of that structure, given those of a background and of a foreground pixel. */
const filled = (a: readonly number[], b: readonly number[]): number[] => [a, a, b, b, a, b, a, a].flat();
const png = (type: 0 | 2 | 3 | 4 | 6, depth: 1 | 2 | 4 | 8 | 16, a: number[], b: number[], parts: object = {}) =>
  pngOf({ type, depth, width: 4, samples: filled(a, b), ...parts });
const tiff = (bits: number, content: ArrayLike<number> & ArrayBufferView, parts: object = {}) =>
  tiffOf({
    width: 4,
    height: 2,
    bits,
    content: new Uint8Array(content.buffer as ArrayBuffer, content.byteOffset, content.byteLength),
    ...parts,
  });
const [black, white, red, green] = [
  [0, 0, 0],
  [255, 255, 255],
  [255, 0, 0],
  [0, 255, 0],
] as const;
const map = (count: number, ...colours: (readonly number[])[]) =>
  [0, 1, 2].flatMap((channel) => Array.from({ length: count }, (_, i) => (colours[i]?.[channel] ?? 0) * 257));

/** A disc of 255, 64 x 64, whose edge is soft when it is made smaller from four times the size. */
const disc = () => {
  const data = Uint8Array.from({ length: 256 * 256 }, (_, i) => (Math.hypot((i % 256) - 128, Math.floor(i / 256) - 128) < 80 ? 255 : 0));
  return sharp(data, { raw: { width: 256, height: 256, channels: 1 } }).resize(64, 64, { kernel: "mitchell" });
};
const areaOf = ({ rows }: { rows: string[] }) => rows.join("").replaceAll(".", "").length;

describe("two values: the larger is foreground", () => {
  test.each<[name: string, bytes: () => Uint8Array]>([
    ["gray 0 and 255", () => png(0, 8, [0], [255])],
    ["gray 0 and 1", () => png(0, 8, [0], [1])],
    ["gray 0 and 127", () => png(0, 8, [0], [127])],
    ["gray 3 and 7", () => png(0, 8, [3], [7])],
    ["1 bit", () => png(0, 1, [0], [1])],
    ["2 bits, 0 and 1", () => png(0, 2, [0], [1])],
    ["4 bits, 0 and 15", () => png(0, 4, [0], [15])],
    ["16 bits, 0 and 1", () => png(0, 16, [0], [1])],
    ["16 bits, 0 and 257", () => png(0, 16, [0], [257])],
    ["16 bits, 0 and 65535", () => png(0, 16, [0], [65535])],
    ["gray with alpha that is opaque", () => png(4, 8, [0, 255], [1, 255])],
    ["RGB whose channels agree", () => png(2, 8, [0, 0, 0], [1, 1, 1])],
    ["RGB of 16 bits whose channels agree", () => png(2, 16, [0, 0, 0], [2, 2, 2])],
    ["RGBA whose channels agree", () => png(6, 8, [0, 0, 0, 255], [255, 255, 255, 255])],
    ["TIFF of 1 bit", () => tiff(1, Uint8Array.from([0b00110000, 0b01000000]))],
    ["TIFF of 4 bits", () => tiff(4, Uint8Array.from([0x00, 0x11, 0x01, 0x00]))],
    ["TIFF of 8 bits, white is 0", () => tiff(8, Uint8Array.from(filled([255], [0])), { photometric: 0 })],
    ["TIFF of 16 bits", () => tiff(16, Uint16Array.from(filled([0], [2])))],
    ["TIFF of 32 bits", () => tiff(32, Uint32Array.from(filled([0], [70000])))],
    ["TIFF of 32 bits with sign", () => tiff(32, Int32Array.from(filled([-70000], [1])), { format: 2 })],
    ["TIFF of 8 bits with sign", () => tiff(8, Int8Array.from(filled([-1], [1])), { format: 2 })],
    ["TIFF of floats, 0 and 1", () => tiff(32, Float32Array.from(filled([0], [1])), { format: 3 })],
    ["BigTIFF", () => tiff(8, Uint8Array.from(filled([0], [1])), { isBig: true })],
  ])("%s", async (_, bytes) => {
    expect(await read(bytes())).toEqual({ rows: structure, warnings: [] });
  });

  test("interlaced, and lossless WebP", async () => {
    const raw = sharp(Uint8Array.from(filled([0], [1])), { raw: { width: 4, height: 2, channels: 1 } }).toColourspace("b-w");
    expect(await read(await raw.clone().png({ progressive: true }).toBuffer())).toEqual({ rows: structure, warnings: [] });
    expect(await read(await raw.clone().webp({ lossless: true }).toBuffer())).toEqual({ rows: structure, warnings: [] });
  });
});

describe("one value", () => {
  test("0 is empty, in any type", async () => {
    for (const bytes of [png(0, 8, [0], [0]), png(0, 1, [0], [0]), png(2, 8, [...black], [...black]), png(0, 16, [0], [0])])
      expect(await read(bytes)).toEqual({ rows: empty, warnings: [] });
  });

  test("another one is full, with a warning", async () => {
    expect(await read(png(0, 8, [255], [255]))).toEqual({ rows: full, warnings: ["one value, 255: taken as foreground everywhere"] });
    expect(await read(png(0, 8, [1], [1]))).toMatchObject({ rows: full });
    expect(await read(png(0, 1, [1], [1]))).toMatchObject({ rows: full });
    expect(await read(png(2, 8, [...red], [...red]))).toEqual({
      rows: full,
      warnings: ["one value, 0xff0000: taken as foreground everywhere"],
    });
  });
});

test("a TIFF with white as 0 whose stored values are 0 and 1 holds labels as they are stored, in 8 and 16 bits", async () => {
  const warnings = ["a TIFF with white as 0 whose stored values are all small: taken as labels, as they are stored"];
  const bytes = Uint8Array.from(filled([0], [1]));
  expect(await read(tiff(8, bytes, { photometric: 0 }))).toEqual({ rows: structure, warnings });
  expect(await read(tiff(16, new Uint8Array(Uint16Array.from(bytes).buffer), { photometric: 0 }))).toEqual({ rows: structure, warnings });
});

describe("palettes count by index", () => {
  const palette = (...colours: (readonly number[])[]) => ({ palette: colours.flat() });

  test.each<[name: string, bytes: () => Uint8Array]>([
    ["dark red after black", () => png(3, 8, [0], [1], palette(black, [64, 0, 0]))],
    ["dark after bright", () => png(3, 8, [0], [1], palette([250, 240, 230], [9, 9, 9]))],
    ["two equal colours", () => png(3, 8, [0], [1], palette(red, red))],
    ["indices 2 and 5 of 4 bits", () => png(3, 4, [2], [5], palette(red, green, white, red, red, green))],
    ["1 bit", () => png(3, 1, [0], [1], palette(black, white))],
    [
      "a transparent index is background, whichever it is",
      () => png(3, 2, [3], [1], { ...palette(red, green, white, black), transparency: [255, 255, 255, 0] }),
    ],
    ["a TIFF of 8 bits", () => tiff(8, Uint8Array.from(filled([0], [1])), { photometric: 3, colourMap: map(256, white, [9, 9, 9]) })],
    ["a TIFF of 4 bits", () => tiff(4, Uint8Array.from([0x22, 0x55, 0x25, 0x22]), { photometric: 3, colourMap: map(16, white, red) })],
    ["a BigTIFF", () => tiff(8, Uint8Array.from(filled([0], [1])), { photometric: 3, colourMap: map(256, white, red), isBig: true })],
  ])("%s", async (_, bytes) => {
    expect(await read(bytes())).toEqual({ rows: structure, warnings: [] });
  });

  test("of two indices black is background, with a warning where it is the larger: encoders sort palettes as they like", async () => {
    const reading = await read(png(3, 1, [1], [0], palette(white, black)));
    expect(reading.rows).toEqual(structure);
    expect(reading.warnings).toEqual(["black is the larger of two palette indices: the other one, 0 (0xffffff), is taken as foreground"]);
    const raw = sharp(Uint8Array.from(filled([...black], [...white])), { raw: { width: 4, height: 2, channels: 3 } });
    expect((await read(await raw.png({ palette: true, colours: 2 }).toBuffer())).rows).toEqual(structure);
  });

  test("index 0 alone is empty, with a warning where its colour says otherwise", async () => {
    expect(await read(png(3, 8, [0], [0], palette(black, red)))).toEqual({ rows: empty, warnings: [] });
    expect(await read(png(3, 8, [0], [0], palette(white, red)))).toEqual({
      rows: empty,
      warnings: ["palette index 0 alone (0xffffff): taken as empty"],
    });
    expect(await read(png(3, 8, [2], [2], palette(black, red, green)))).toMatchObject({ rows: full });
    const clear = { transparency: [255, 0] };
    expect(await read(png(3, 8, [1], [1], { ...palette(red, green), ...clear }))).toEqual({
      rows: empty,
      warnings: ["nothing but transparent pixels: taken as empty"],
    });
    expect(await read(png(3, 8, [1], [0], { ...palette(red, green), ...clear }))).toEqual({ rows: structure, warnings: [] });
    expect(await read(png(3, 8, [0], [0], { ...palette(red, green), ...clear }))).toMatchObject({
      rows: empty,
      warnings: ["palette index 0 alone (0xff0000): taken as empty"],
    });
  });

  test("labels are listed and chosen by index, not by level", async () => {
    const samples = [0, 1, 2, 2, 0, 2, 1, 0];
    const labels = pngOf({ type: 3, depth: 8, width: 4, samples, ...palette(black, [128, 0, 0], [0, 128, 0]) });
    const clear = { transparency: [255, 0, 255] };
    const withClear = pngOf({ type: 3, depth: 8, width: 4, samples, ...palette(red, [128, 0, 0], [0, 128, 0]), ...clear });
    await expect(read(withClear)).rejects.toThrow(/has 3 palette indices \(transparent, 0, 2\); expected two/);
    await expect(read(labels)).rejects.toThrow(/has 3 palette indices \(0, 1, 2\); expected two. Is it a label image\?.*--label N/);
    expect(await read(labels, 2)).toEqual({ rows: structure, warnings: [] });
  });
});

describe("colours", () => {
  test("of two the one that is not black is foreground", async () => {
    expect(await read(png(2, 8, [...black], [...red]))).toEqual({ rows: structure, warnings: [] });
    expect(await read(png(2, 8, [...black], [0, 0, 1]))).toEqual({ rows: structure, warnings: [] });
    expect(await read(png(2, 16, [0, 0, 0], [0, 300, 0]))).toEqual({ rows: structure, warnings: [] });
  });

  test("two without black, or three, are listed; one is chosen as 0xRRGGBB", async () => {
    const two = png(2, 8, [...white], [...red]);
    await expect(read(two)).rejects.toThrow("has 2 colours (0xff0000, 0xffffff); expected black and another one");
    expect(await read(two, 0xff0000)).toEqual({ rows: structure, warnings: [] });
    const three = pngOf({ type: 2, depth: 8, width: 4, samples: [black, green, red, red, black, red, green, black].flat() });
    await expect(read(three)).rejects.toThrow("has 3 colours (0x000000, 0x00ff00, 0xff0000)");
    expect((await read(three, 0xff0000)).rows).toEqual(structure);
  });

  test("white is chosen as a colour, too, where a picture shows black and white alone", async () => {
    expect((await read(png(2, 8, [...black], [...white]), 0xffffff)).rows).toEqual(structure);
  });
});

describe("transparent pixels are background", () => {
  test("whatever their colour is", async () => {
    expect(await read(png(6, 8, [255, 9, 9, 0], [255, 9, 9, 255]))).toEqual({ rows: structure, warnings: [] });
    expect(await read(png(4, 8, [255, 0], [255, 255]))).toEqual({ rows: structure, warnings: [] });
    expect(await read(png(4, 16, [65535, 0], [1, 65535]))).toEqual({ rows: structure, warnings: [] });
    const colours = [200, 100, 50, 0, 9, 8, 7, 0, 255, 0, 0, 255, 255, 0, 0, 255, 1, 2, 3, 0, 255, 0, 0, 255, 0, 0, 0, 0, 5, 5, 5, 0];
    expect(await read(pngOf({ type: 6, depth: 8, width: 4, samples: colours }))).toEqual({ rows: structure, warnings: [] });
  });

  test("a level that the header calls transparent is background", async () => {
    expect(await read(png(0, 8, [9], [4], { transparency: [0, 9] }))).toEqual({ rows: structure, warnings: [] });
  });

  test("half-transparent pixels of one colour are foreground, and a soft edge of the opacity is cut at its middle", async () => {
    expect(await read(png(6, 8, [0, 0, 0, 0], [255, 0, 0, 100]))).toEqual({ rows: structure, warnings: [] });
    const alpha = await disc().toColourspace("b-w").raw().toBuffer();
    const white = sharp({ create: { width: 64, height: 64, channels: 3, background: "#f00" } }).joinChannel(alpha, {
      raw: { width: 64, height: 64, channels: 1 },
    });
    const reading = await read(await white.png().toBuffer());
    expect(reading.warnings).toEqual(["soft edges: taken as foreground above the middle"]);
    expect(areaOf(reading)).toBe(alpha.filter((value) => value > 127).length);
  });

  test("black on transparent ground is empty, with a warning", async () => {
    expect(await read(png(4, 8, [255, 0], [0, 255]))).toEqual({
      rows: empty,
      warnings: ["nothing but transparent and black pixels: taken as empty"],
    });
  });

  test("a label with soft opacity is still that label", async () => {
    expect((await read(png(4, 8, [0, 0], [3, 128]), 3)).rows).toEqual(structure);
  });
});

describe("soft edges", () => {
  const softWarning = ["soft edges: taken as foreground above the middle"];

  test("of drawn and of JPEG masks are cut at the middle", async () => {
    const levels = await disc().toColourspace("b-w").raw().toBuffer();
    const reading = await read(await disc().toColourspace("b-w").png().toBuffer());
    expect(reading.warnings).toEqual(softWarning);
    expect(areaOf(reading)).toBe(levels.filter((value) => value > 127).length);
    const jpeg = await read(await disc().toColourspace("b-w").jpeg({ quality: 92 }).toBuffer());
    expect(jpeg.warnings).toEqual(softWarning);
    expect(Math.abs(areaOf(jpeg) - areaOf(reading))).toBeLessThan(20);
  });

  test("of 16 bits reach 65535", async () => {
    const levels = await disc().toColourspace("b-w").raw().toBuffer();
    const samples = Array.from(levels, (level) => level * 257);
    const reading = await read(pngOf({ type: 0, depth: 16, width: 64, samples }));
    expect(reading.warnings).toEqual(softWarning);
    expect(areaOf(reading)).toBe(levels.filter((value) => value > 127).length);
  });

  test("are not: many pixels between, two values between, another maximum, or labels beside a marker of 255", () => {
    const gray = (...data: number[]) => maskOf({ width: data.length, height: 1, kind: "gray", full: 255, data });
    const ends = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 0 : 255));
    expect(gray(...ends, 100, 130, 160).warnings).toEqual(softWarning);
    expect(() => gray(...ends, ...Array.from({ length: 20 }, (_, i) => 100 + i))).toThrow(MaskError);
    expect(() => gray(...ends, 100, 130)).toThrow(MaskError);
    expect(() => gray(...ends.map((value) => Math.min(value, 250)), 100, 130, 160)).toThrow(MaskError);
    expect(() => gray(...ends, 1, 2, 3)).toThrow("has 5 values (0, 1, 2, 3, 255)");
  });
});

describe("label images", () => {
  const labels = png(0, 8, [0], [2]);
  const three = pngOf({ type: 0, depth: 8, width: 4, samples: [0, 1, 2, 2, 0, 2, 1, 0] });

  test("are an error that lists their values, unless one is chosen", async () => {
    const error = await read(three).catch((error) => error);
    expect(error).toBeInstanceOf(MaskError);
    expect(error).toMatchObject({ code: "input", problem: "label image" });
    expect(error.message).toMatch(
      /\.dat" has 3 values \(0, 1, 2\); expected two. Is it a label image\? Choose a value with --label N, or save it as 0 and 255.$/,
    );
    expect(await read(three, 2)).toEqual({ rows: structure, warnings: [] });
    expect(await read(pngOf({ type: 0, depth: 4, width: 4, samples: [0, 1, 2, 2, 0, 2, 1, 0] }), 2)).toEqual({
      rows: structure,
      warnings: [],
    });
    const many = pngOf({ type: 0, depth: 16, width: 20, samples: Array.from({ length: 20 }, (_, i) => 300 * i) });
    await expect(read(many)).rejects.toThrow("20 values (0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400, 2700, 3000, 3300 and 8 more)");
  });

  test("of two values obey the label, too, so that a slice without it is empty", async () => {
    expect(await read(labels, 2)).toEqual({ rows: structure, warnings: [] });
    expect(await read(labels, 1)).toEqual({ rows: empty, warnings: ["no label 1: taken as empty"] });
  });

  test("a mask of 0 and 255 stays one, whatever the label is", async () => {
    expect(await read(png(0, 8, [0], [255]), 2)).toEqual({
      rows: structure,
      warnings: ["a mask of 0 and 255: the label is ignored"],
    });
    expect(await read(png(0, 8, [0], [0]), 2)).toEqual({ rows: empty, warnings: [] });
  });

  test("zero beside a negative value is told to be foreground", async () => {
    const values = Int32Array.from([0, -1, -1, -1, 0, -1, -1, -1]);
    const reading = await read(tiff(32, values, { format: 2 }));
    expect(reading.warnings).toEqual(["0 is the larger of two values (-1, 0): taken as foreground"]);
    expect(areaOf(reading)).toBe(2);
  });

  test("floats between 0 and 1 and values that are not numbers are refused", async () => {
    const floats = (...values: number[]) => tiff(32, Float32Array.from(values), { format: 3 });
    await expect(read(floats(0, 0.25, 0.5, 1, 0, 0, 0, 0))).rejects.toThrow("has 4 values (0, 0.25, 0.5, 1)");
    await expect(read(floats(0, Number.NaN, 1, 1, 0, 0, 0, 0))).rejects.toThrow("holds NaN; expected a mask of two values");
  });
});

test("a picture in memory is read as a file is, and must have as many samples as its size says", () => {
  const data = Uint8ClampedArray.from(filled([9, 9, 9, 0], [255, 0, 0, 255]));
  const canvas = { width: 4, height: 2, kind: "rgb", hasAlpha: true, full: 255 } as const;
  expect(maskOf({ ...canvas, data })).toEqual({ mask: drawn(...structure), warnings: [] });
  expect(() => maskOf({ ...canvas, data: data.subarray(1) })).toThrow(
    "maskOf: the mask of [2, 4] pixels with 4 samples each must hold 32, got 31",
  );
});

test("a mask must have the size of its image where one is named", async () => {
  const file = fileOf(png(0, 8, [0], [1]));
  const error = await readMask(file, { image: { width: 5, height: 2, file: "scan.png" } }).catch((error) => error);
  expect(error).toMatchObject({ problem: "another size than the image" });
  expect(error.message).toContain('has 4 x 2 pixels, "scan.png" has 5 x 2; a mask must have the size of its image');
  expect((await readMask(file, { image: { width: 4, height: 2, file: "scan.png" } })).mask).toEqual(drawn(...structure));
});

describe("BMP and GIF", () => {
  const bmp = (palette: number[], a: number, b: number) => {
    const [upper, lower] = [filled([a], [b]).slice(0, 4), filled([a], [b]).slice(4)];
    return bmpOf({ width: 4, height: 2, bits: 8, palette, pixels: [...lower, ...upper] });
  };
  const gray = Array.from({ length: 256 }, (_, i) => i * 0x010101);

  test("a BMP of gray levels counts by level, any other by the index of its palette", async () => {
    expect(await read(bmp(gray, 0, 255))).toEqual({ rows: structure, warnings: [] });
    expect(await read(bmp([0, 0xff0000], 0, 1))).toEqual({ rows: structure, warnings: [] });
    const labels = [0, 0xff, 0xff00, 0xff0000];
    expect((await read(bmp(labels, 2, 3), 3)).rows).toEqual(structure);
    const error = await read(bmpOf({ width: 3, height: 1, bits: 4, palette: labels, pixels: [0x01, 0x20, 0, 0] })).catch(
      (reason) => reason,
    );
    expect(error.message).toContain("has 3 palette indices (0, 1, 2)");
  });

  test("a BMP of 1 bit", async () => {
    const parts = { width: 4, height: 2, bits: 1, pixels: [0b01000000, 0, 0, 0, 0b00110000, 0, 0, 0] };
    expect(await read(bmpOf({ ...parts, palette: [0, 0xffffff] }))).toEqual({ rows: structure, warnings: [] });
  });

  test("a GIF counts by colour, as its decoder gives no indices", async () => {
    const rgb = (colour: readonly number[]) =>
      sharp(Uint8Array.from(filled(black, colour)), { raw: { width: 4, height: 2, channels: 3 } })
        .gif()
        .toBuffer();
    expect(await read(await rgb(white))).toEqual({ rows: structure, warnings: [] });
    expect(await read(await rgb(red))).toEqual({ rows: structure, warnings: [] });
    expect((await read(await rgb(red), 0xff0000)).rows).toEqual(structure);
  });
});

test("EXIF orientation is not applied, as in images, with a warning", async () => {
  // Blocks of 8 x 8 pixels of one level pass JPEG unchanged.
  const halves = Uint8Array.from({ length: 16 * 8 }, (_, i) => (i % 16 < 8 ? 0 : 255));
  const gray = sharp(halves, { raw: { width: 16, height: 8, channels: 1 } }).toColourspace("b-w");
  const { rows, warnings } = await read(await gray.jpeg({ quality: 100 }).withMetadata({ orientation: 6 }).toBuffer());
  expect(rows).toEqual(Array.from({ length: 8 }, () => "........########"));
  expect(warnings[0]).toContain("EXIF orientation 6 is not applied");
});

test("CMYK, other formats, and damaged files are refused with what they are", async () => {
  const colour = sharp({ create: { width: 8, height: 8, channels: 3, background: "#777" } });
  await expect(read(await colour.clone().toColourspace("cmyk").jpeg().toBuffer())).rejects.toThrow("is a CMYK image; expected a mask");
  await expect(read(Buffer.from("\0\0\0\x20ftypavif"))).rejects.toThrow("is a AVIF file, which is not supported");
  const palette = png(3, 8, [0], [1], { palette: [...black, ...red] });
  await expect(read(palette.subarray(0, 60))).rejects.toThrow(/is a damaged or truncated PNG file/);
  await expect(readMask(join(folder, "none.png"))).rejects.toThrow(InputError);
});
