import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { bmpOf } from "../../../test/support/bmp-files.ts";
import { type TiffParts, tiffOf, tiffPagesOf } from "../../../test/support/mask-files.ts";
import { InputError } from "../../errors.ts";
import { turnBack } from "../../image/orientation.ts";
import { openRaster, rasterFrames } from "./raster.ts";

const paper = { mode: "paper" } as const;
const reference = { mode: "reference" } as const;

const bytesOf = (values: ArrayBufferView): Uint8Array => new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
/** A TIFF page of one row. */
const row = (bits: number, values: ArrayBufferView & { length: number }, parts: Partial<TiffParts> = {}): TiffParts => ({
  width: values.length,
  height: 1,
  bits,
  content: bytesOf(values),
  ...parts,
});
const open = (bytes: Uint8Array) => openRaster({ name: "picture", bytes });
const first = async (bytes: Uint8Array) => await (await open(bytes)).read(0);
/** One level of each pixel of a gray picture. */
const levels = ({ image }: { image: { data: Uint8Array } }) => [...image.data].filter((_, i) => i % 3 === 0);

describe("pages of a TIFF", () => {
  test("are frames in order, decoded one by one, of any sizes", async () => {
    const stack = tiffPagesOf([row(8, Uint8Array.of(1, 2)), row(8, Uint8Array.of(3, 4, 5)), row(16, Uint16Array.of(600))]);
    const { frames, read } = await open(stack);
    expect(frames).toBe(3);
    const pages = [await read(2), await read(0), await read(1)];
    expect(pages.map(({ pixels }) => [...pixels.data])).toEqual([[600], [1, 2], [3, 4, 5]]);
    expect(pages.flatMap(({ warnings }) => warnings)).toEqual([]);
    expect(await rasterFrames({ name: "stack.tif", bytes: stack })).toHaveLength(3);
  });

  test("a damaged page is refused, the others are read", async () => {
    const stack = tiffPagesOf([row(8, Uint8Array.of(1, 2)), row(8, Uint8Array.of(3, 4), { height: 50 })]);
    const { read } = await open(stack);
    expect([...(await read(0)).pixels.data]).toEqual([1, 2]);
    await expect(read(1)).rejects.toThrow(/"picture" is a damaged or truncated TIFF file/);
  });

  test("that show another one in fewer pixels are passed over, with a warning", async () => {
    const { frames, read } = await open(tiffPagesOf([row(8, Uint8Array.of(7, 7)), row(8, Uint8Array.of(7), { subfile: 1 })]));
    expect(frames).toBe(1);
    expect((await read(0)).warnings).toEqual(["has 1 page that shows another in fewer pixels, which is passed over"]);
  });

  test("a chain of pages that returns to its beginning ends", async () => {
    const stack = tiffPagesOf([row(8, Uint8Array.of(1)), row(8, Uint8Array.of(2))], { isLoop: true });
    await expect(open(stack).then(({ frames }) => frames)).resolves.toBeLessThanOrEqual(2);
  });
});

describe("values that are no levels of gray", () => {
  test.each<[string, TiffParts, number[], string]>([
    ["floats", row(32, Float32Array.of(-5, 0, 100, 300), { format: 3 }), [-5, 0, 100, 300], "float"],
    ["signed 8 bits", row(8, Int8Array.of(-5, 0, 100), { format: 2 }), [-5, 0, 100], "8-bit"],
    ["signed 16 bits", row(16, Int16Array.of(-1024, 0, 3000), { format: 2 }), [-1024, 0, 3000], "16-bit"],
    ["signed 16 bits, white is 0", row(16, Int16Array.of(-1024, 0, 3000), { format: 2, photometric: 0 }), [-1024, 0, 3000], "16-bit"],
    ["signed 32 bits", row(32, Int32Array.of(-70000, 0, 70000), { format: 2 }), [-70000, 0, 70000], "32-bit"],
    ["32 bits", row(32, Uint32Array.of(0, 3_000_000_000)), [0, 3_000_000_000], "32-bit"],
  ])("%s are kept as they are, and shown between their percentiles", async (_, parts, values, kind) => {
    const { pixels, display } = await first(tiffOf(parts));
    expect([...pixels.data]).toEqual(values);
    const shown = await display(paper);
    const [darkest, brightest] = parts.photometric === 0 ? [255, 0] : [0, 255];
    expect([levels(shown)[0], levels(shown).at(-1)]).toEqual([darkest, brightest]);
    expect(shown.warnings).toEqual([
      expect.stringMatching(
        new RegExp(`^${kind} values of .* to .* \\(0\\.5 % and 99\\.5 % percentiles\\) were mapped to ${darkest} to ${brightest}$`),
      ),
    ]);
  });

  test("0.5 % of the values at each end are shown as black and white, over all pages", async () => {
    // 0 to 1000 over two pages: the percentiles are 5 and 995.
    const values = Float32Array.from({ length: 1001 }, (_, i) => i);
    const pages = [values.subarray(0, 400), values.subarray(400)].map((part) => row(32, part.slice(), { format: 3 }));
    const { read } = await open(tiffPagesOf(pages));
    const [low, high] = [await (await read(0)).display(paper), await (await read(1)).display(paper)];
    const level = (value: number) => Math.floor(255 * Math.min(Math.max((value - 5) / 990, 0), 1) + 0.5);
    expect([...levels(low), ...levels(high)]).toEqual([...values].map(level));
    expect(high.warnings).toEqual(["float values of 5 to 995 (0.5 % and 99.5 % percentiles) were mapped to 0 to 255"]);
  });

  test("what is no number is black, and counted; infinities are the ends", async () => {
    const values = Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY, 1, 2, Number.POSITIVE_INFINITY);
    const { pixels, display } = await first(tiffOf(row(32, values, { format: 3 })));
    expect(pixels.data).toEqual(values);
    const shown = await display(paper);
    expect(levels(shown)).toEqual([0, 0, 0, 255, 255]);
    expect(shown.warnings[0]).toBe("1 value that is no number is shown as black");
    const nothing = await (await first(tiffOf(row(32, Float32Array.of(Number.NaN), { format: 3 })))).display(paper);
    expect(levels(nothing)).toEqual([0]);
    expect(nothing.warnings).toEqual(["1 value that is no number is shown as black"]);
  });

  test("a constant picture is black", async () => {
    const shown = await (await first(tiffOf(row(32, Float32Array.of(7, 7), { format: 3 })))).display(paper);
    expect(levels(shown)).toEqual([0, 0]);
    expect(shown.warnings).toEqual(["float values of 7, all the same, were mapped to 0"]);
  });

  test("reference mode cuts them as Pillow does", async () => {
    // Pillow 13.0.0: Image.open(file).convert("RGB") of [-5, 0.9, 100, 300, nan] as float32 is [0, 0, 100, 255, 0].
    const shown = await (await first(tiffOf(row(32, Float32Array.of(-5, 0.9, 100, 300, Number.NaN), { format: 3 })))).display(reference);
    expect(levels(shown)).toEqual([0, 0, 100, 255, 0]);
    expect(shown.warnings[1]).toBe("float values were cut to whole numbers from 0 to 255, as the reference does; paper mode rescales them");
  });

  test("a header whose values lie behind the end of the file is no crash", async () => {
    const bytes = tiffOf(row(16, Int16Array.of(-5, 2), { format: 2 }));
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const entry = Array.from({ length: view.getUint16(8, true) }, (_, i) => 10 + 12 * i).find((at) => view.getUint16(at, true) === 339)!;
    view.setUint32(entry + 4, 5000, true); // values from the last one of the file on, which is 2: signed
    view.setUint32(entry + 8, bytes.length - 2, true);
    await expect(first(bytes)).rejects.toThrow(InputError);
  });

  test("floats of 16 and 64 bits are refused", async () => {
    await expect(first(tiffOf(row(16, Uint16Array.of(0x3c00), { format: 3 })))).rejects.toThrow(/samples of floats of 16 bits; expected/);
    await expect(first(tiffOf(row(64, Float64Array.of(1), { format: 3 })))).rejects.toThrow(/samples of 64 bits; expected/);
  });
});

describe("GIF", () => {
  const flat = (level: number) =>
    sharp({ create: { width: 2, height: 1, channels: 3, background: { r: level, g: 0, b: 0 } } })
      .png()
      .toBuffer();

  test("is read as colours without alpha where no pixel is transparent", async () => {
    const { pixels, warnings, format, display } = await first(
      await sharp(await flat(200))
        .gif()
        .toBuffer(),
    );
    expect({ format, warnings, channels: pixels.channels, hasAlpha: pixels.hasAlpha, bitDepth: pixels.bitDepth }).toEqual({
      format: "gif",
      warnings: [],
      channels: 3,
      hasAlpha: false,
      bitDepth: 8,
    });
    expect([...(await display(paper)).image.data]).toEqual([200, 0, 0, 200, 0, 0]);
  });

  test("of an animation the first frame is read, with a warning", async () => {
    const frames = [await flat(9), await flat(200), await flat(90)];
    for (const format of ["gif", "webp"] as const) {
      const animation = sharp(frames, { join: { animated: true } });
      const bytes = await (format === "gif" ? animation.gif() : animation.webp({ lossless: true })).toBuffer();
      const { frames: count, read } = await open(bytes);
      const frame = await read(0);
      expect(count).toBe(1);
      expect([...(await frame.display(paper)).image.data.subarray(0, 3)]).toEqual([9, 0, 0]);
      expect(frame.warnings).toEqual(["is an animation of 3 frames, of which only the first is read"]);
    }
  });
});

describe("BMP", () => {
  test("is a picture like others", async () => {
    const bytes = bmpOf({ width: 1, height: 1, bits: 24, pixels: [30, 20, 10, 0] });
    const { format, display } = await first(bytes);
    expect(format).toBe("bmp");
    expect([...(await display(paper)).image.data]).toEqual([10, 20, 30]);
    await expect(first(bytes.subarray(0, bytes.length - 1))).rejects.toThrow(
      '"picture" is a damaged or truncated BMP file (3 bytes of pixels instead of 4)',
    );
  });

  test("of a forged size is refused before memory is taken", async () => {
    const runs = bmpOf({ width: 60_000, height: 60_000, bits: 8, compression: 1, palette: [0], pixels: [0, 1] });
    await expect(first(runs)).rejects.toThrow(/60000 x 60000 pixels; at most 100 million are read/);
  });
});

describe("EXIF orientation", () => {
  const turned = (orientation: number) => {
    const data = Uint8Array.from({ length: 3 * 2 * 3 }, (_, i) => i * 10);
    return sharp(data, { raw: { width: 3, height: 2, channels: 3 } })
      .withMetadata({ orientation })
      .png()
      .toBuffer();
  };

  test("is applied where that is asked for, and says how, so that a mask can be turned back", async () => {
    const bytes = await turned(6);
    const { pixels, display } = await first(bytes);
    const { image, orientation, warnings } = await display({ ...paper, exif: "apply" });
    const upright = await sharp(bytes).autoOrient().raw().toBuffer();
    expect([image.width, image.height, ...image.data]).toEqual([2, 3, ...upright]);
    expect(orientation).toBe(6);
    expect(warnings).toEqual(["EXIF orientation 6 is applied to what the models see; results have the geometry of the stored pixels"]);
    expect(turnBack(image, orientation!)).toEqual({ width: 3, height: 2, data: pixels.data });
  });

  test("is ignored by default, with a warning; a picture that lies upright is as it is", async () => {
    const shown = await (await first(await turned(6))).display(paper);
    expect([shown.image.width, shown.orientation]).toEqual([3, undefined]);
    expect(shown.warnings).toEqual(["EXIF orientation 6 is not applied: results have the geometry of the stored pixels"]);
    const upright = await (await first(await turned(1))).display({ ...paper, exif: "apply" });
    expect([upright.image.width, upright.orientation, ...upright.warnings]).toEqual([3, undefined]);
  });
});
