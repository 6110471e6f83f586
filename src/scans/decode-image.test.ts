import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { madeSeriesFiles } from "../../test/support/dicom-series.ts";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import { InputError } from "../errors.ts";
import { decodeImage, onlyFrame, openImage } from "./decode-image.ts";
import { readChannels } from "./read-channels.ts";
import { readMask } from "./read-mask.ts";
import { imageSources } from "./sources/table.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decode-"));
});
afterAll(() => rm(folder, { recursive: true }));

const write = async (name: string, bytes: Uint8Array | string): Promise<string> => {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
};
const paper = { mode: "paper" } as const;
const reference = { mode: "reference" } as const;

/** A picture of a few samples, in one row. */
const row = (samples: number[], channels: 1 | 2 | 3 | 4) =>
  sharp(Uint8Array.from(samples), { raw: { width: samples.length / channels, height: 1, channels } });
const row16 = (samples: number[], channels: 1 | 2 | 3 | 4) =>
  sharp(Uint16Array.from(samples), { raw: { width: samples.length / channels, height: 1, channels } }).toColourspace(
    channels < 3 ? "grey16" : "rgb16",
  );
/** A picture that does not compress to nothing, so that cutting it hurts. */
const noise = () => {
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
  return sharp(data, { raw: { width: 64, height: 64, channels: 3 } });
};

/** A tiff of one pixel. @param parts.extra - what its channels beyond the colours are: 1 or 2 for transparency; undefined: not said */
function tiff({ samples, bits = 8, extra }: { samples: number[]; bits?: number; extra?: number | undefined }): Uint8Array {
  const count = samples.length;
  const isColour = count >= 3;
  const entries: [tag: number, values: number[]][] = [
    [256, [1]],
    [257, [1]],
    [258, samples.map(() => bits)],
    [259, [1]],
    [262, [isColour ? 2 : 1]],
    [273, [0]], // where the pixel stands, see below
    [277, [count]],
    [278, [1]],
    [279, [(count * bits) / 8]],
    ...(extra === undefined ? [] : [[338, [extra]] as [number, number[]]]),
  ];
  const behind = 8 + 2 + 12 * entries.length + 4;
  const file = Buffer.alloc(behind + 2 * count + (count * bits) / 8);
  file.write("II*\0", "latin1");
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(entries.length, 8);
  const pixel = behind + 2 * count;
  for (const [i, [tag, values]] of entries.entries()) {
    const at = 10 + 12 * i;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(3, at + 2);
    file.writeUInt32LE(values.length, at + 4);
    const isInside = values.length <= 2;
    if (!isInside) file.writeUInt32LE(behind, at + 8);
    for (const [k, value] of values.entries()) file.writeUInt16LE(tag === 273 ? pixel : value, (isInside ? at + 8 : behind) + 2 * k);
  }
  for (const [i, sample] of samples.entries()) file.writeUInt8(sample, pixel + (i * bits) / 8);
  return file;
}

describe("conversion to RGB", () => {
  test("gray with alpha is repeated, without its alpha", async () => {
    const bytes = await row([9, 0, 8, 128], 2).toColourspace("b-w").png().toBuffer();
    const la = await sharp(bytes).metadata();
    const { image, source } = await decodeImage(await write("la.png", bytes), paper);
    expect([...image.data]).toEqual([9, 9, 9, 8, 8, 8]);
    expect(source.channels).toBe(la.channels);
  });

  test("gray is repeated", async () => {
    const { image, warnings, source } = await decodeImage(
      await write("gray.png", await row([0, 7, 255], 1).toColourspace("b-w").png().toBuffer()),
      paper,
    );
    expect([...image.data]).toEqual([0, 0, 0, 7, 7, 7, 255, 255, 255]);
    expect(source).toEqual({ format: "png", width: 3, height: 1, channels: 1, bitDepth: 8 });
    expect(warnings).toEqual([]);
  });

  test.each(["png", "webp", "tiff"] as const)("alpha is dropped without compositing in %s", async (format) => {
    const options = format === "tiff" ? ({ compression: "none" } as const) : { lossless: true };
    const file = await write(
      `alpha.${format}`,
      await row([1, 2, 3, 0, 4, 5, 6, 128], 4)
        .toFormat(format, { ...options, exact: true })
        .toBuffer(),
    );
    const { image, source } = await decodeImage(file, paper);
    expect([...image.data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(source.channels).toBe(4);
  });

  test("a palette is expanded", async () => {
    const file = await write("palette.png", await row([255, 0, 0, 0, 0, 255], 3).png({ palette: true, colours: 2 }).toBuffer());
    expect([...(await decodeImage(file, paper)).image.data]).toEqual([255, 0, 0, 0, 0, 255]);
  });

  test("a one-bit tiff becomes black and white", async () => {
    const file = await write(
      "bilevel.tiff",
      await row([0, 255, 255, 0], 1).toColourspace("b-w").tiff({ bitdepth: 1, compression: "none" }).toBuffer(),
    );
    const { image, source } = await decodeImage(file, paper);
    expect([...image.data]).toEqual([0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0]);
    expect(source).toMatchObject({ format: "tiff", bitDepth: 1 });
  });

  test("16-bit gray is windowed in paper mode and clipped in reference mode, and both say so", async () => {
    const file = await write("gray16.png", await row16([100, 255, 256, 2100, 4100], 1).png().toBuffer());
    const windowed = await decodeImage(file, paper);
    // (v - 100) / 4000 * 255: 0, 9.88, 9.95, 127.5, 255
    expect([...windowed.image.data].filter((_, i) => i % 3 === 0)).toEqual([0, 10, 10, 128, 255]);
    expect(windowed.warnings).toEqual(["16-bit gray of 100 to 4100 was mapped to 0 to 255"]);
    expect(windowed.source.bitDepth).toBe(16);
    const clipped = await decodeImage(file, reference);
    expect([...clipped.image.data].filter((_, i) => i % 3 === 0)).toEqual([100, 255, 255, 255, 255]);
    expect(clipped.warnings).toEqual(["16-bit gray of 100 to 4100 was clipped at 255, as the reference does; paper mode rescales it"]);
  });

  test("16-bit gray tiff is read like png", async () => {
    const bytes = await row16([0, 300, 600], 1).tiff({ compression: "none" }).toBuffer();
    expect([...(await decodeImage(await write("gray16.tif", bytes), reference)).image.data]).toEqual([
      0, 0, 0, 255, 255, 255, 255, 255, 255,
    ]);
    expect([...(await decodeImage(await write("gray16.tif", bytes), paper)).image.data]).toEqual([0, 0, 0, 128, 128, 128, 255, 255, 255]);
  });

  test("16-bit gray of one value is black in paper mode, and small values are kept in reference mode", async () => {
    const file = await write("flat16.png", await row16([77, 77], 1).png().toBuffer());
    expect([...(await decodeImage(file, paper)).image.data]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await decodeImage(file, reference)).toMatchObject({ warnings: [], image: { data: Uint8Array.from([77, 77, 77, 77, 77, 77]) } });
  });

  test("16-bit colour, and gray with alpha in reference mode, keep the high byte", async () => {
    const colour = await write("rgb16.png", await row16([0, 255, 256, 4095, 40000, 65535], 3).png().toBuffer());
    const high = await decodeImage(colour, paper);
    expect([...high.image.data]).toEqual([0, 0, 1, 15, 156, 255]);
    expect(high.warnings).toEqual(["16-bit samples were reduced to their high byte"]);
    const alpha = await write("la16.png", await row16([1000, 0, 3000, 65535], 2).png().toBuffer());
    expect([...(await decodeImage(alpha, reference)).image.data]).toEqual([3, 3, 3, 11, 11, 11]);
    expect([...(await decodeImage(alpha, paper)).image.data]).toEqual([0, 0, 0, 255, 255, 255]);
  });

  test("CMYK jpeg becomes (1 - C)(1 - K) with a warning", async () => {
    const data = Uint8Array.from({ length: 64 * 3 }, (_, i) => [255, 128, 0][i % 3]!);
    const jpeg = await sharp(data, { raw: { width: 8, height: 8, channels: 3 } })
      .toColourspace("cmyk")
      .jpeg({ quality: 100 })
      .toBuffer();
    const cmyk = await sharp(jpeg).pipelineColourspace("cmyk").toColourspace("cmyk").raw().toBuffer();
    const { image, warnings } = await decodeImage(await write("cmyk.jpg", jpeg), paper);
    const expected = [0, 1, 2].map((c) => Math.round(((255 - cmyk[c]!) * (255 - cmyk[3]!)) / 255));
    expect([...image.data.subarray(0, 3)].map((value, c) => Math.abs(value - expected[c]!))).toEqual([0, 0, 0]);
    expect(warnings).toEqual(["CMYK was converted to RGB without a colour profile"]);
  });

  test.each(["jpeg", "png"] as const)("EXIF orientation in %s is not applied unless asked for, with a warning", async (format) => {
    const data = Uint8Array.from({ length: 16 * 8 * 3 }, (_, i) => (i < 16 * 4 * 3 ? 0 : 255));
    const bytes = await sharp(data, { raw: { width: 16, height: 8, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .toFormat(format)
      .toBuffer();
    const file = await write(`turned.${format}`, bytes);
    expect(await decodeImage(file, { exif: "apply" })).toMatchObject({ orientation: 6, image: { width: 8, height: 16 } });
    for (const mode of ["paper", "reference"] as const) {
      const { image, warnings } = await decodeImage(file, { mode });
      expect([image.width, image.height, image.data[0], image.data.at(-1)]).toEqual([16, 8, 0, 255]);
      expect(warnings).toEqual(["EXIF orientation 6 is not applied: results have the geometry of the stored pixels"]);
    }
  });

  test("a colour profile changes nothing", async () => {
    const bytes = await row([200, 30, 60], 3).withIccProfile("p3", { attach: true }).png().toBuffer();
    const stored = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    expect([...(await decodeImage(await write("p3.png", bytes), paper)).image.data]).toEqual([...stored]);
    expect([...stored]).not.toEqual([...(await sharp(bytes).raw().toBuffer())]);
  });

  test("a tiff of several pages is refused where one image is wanted", async () => {
    const pages = await sharp([await row([9, 9, 9], 3).png().toBuffer(), await row([5, 5, 5], 3).png().toBuffer()], {
      join: { animated: true },
    })
      .tiff({ compression: "none" })
      .toBuffer();
    const file = await write("pages.tif", pages);
    const message = /pages\.tif" holds 2 pages; one is expected\. Save the page that is meant as a file of its own first\./;
    await expect(decodeImage(file, paper)).rejects.toThrow(
      /pages\.tif" holds 2 pages; one is expected\. `medclip-sam inspect "[^"]*pages\.tif" --png DIR` writes each as a picture of its own/,
    );
    await expect(readMask(file)).rejects.toThrow(message);
    expect(await openImage(file)).toHaveLength(2);
  });

  test("only the still image of an animated png is read, with a warning", async () => {
    const bytes = await row([9, 9, 9], 3).png().toBuffer();
    const chunk = (name: string, data: Uint8Array) => {
      const [body, length, check] = [Buffer.concat([Buffer.from(name), data]), Buffer.alloc(4), Buffer.alloc(4)];
      length.writeUInt32BE(data.length);
      check.writeUInt32BE(crc32(body));
      return Buffer.concat([length, body, check]);
    };
    const animation = chunk("acTL", Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 0)); // 3 frames, without end
    const { image, warnings } = await decodeImage(
      await write("apng.png", Buffer.concat([bytes.subarray(0, 33), animation, bytes.subarray(33)])),
      paper,
    );
    expect([...image.data]).toEqual([9, 9, 9]);
    expect(warnings).toEqual(["is an animation of 3 frames, of which only the still image is read"]);
  });

  test("channels of a tiff that are not marked as transparency are refused beside gray, and named beside colour", async () => {
    const read = async (name: string, parts: Parameters<typeof tiff>[0]) => await decodeImage(await write(name, tiff(parts)), paper);
    expect((await read("la.tif", { samples: [9, 255], extra: 2 })).warnings).toEqual([]);
    for (const extra of [undefined, 0])
      await expect(read("two.tif", { samples: [9, 255], extra })).rejects.toThrow(/two\.tif" has 2 channels, of which none is marked/);
    const rgbx = await read("rgbx.tif", { samples: [1, 2, 3, 4], extra: 0 });
    expect([...rgbx.image.data]).toEqual([1, 2, 3]);
    expect(rgbx.warnings).toEqual(["its last channel, which is not marked as transparency, was taken for it"]);
    expect((await read("rgba.tif", { samples: [1, 2, 3, 4], extra: 2 })).warnings).toEqual([]);
  });

  test("samples of 64 bits are no damage, but not read", async () => {
    const file = await write("wide.tif", tiff({ samples: [7], bits: 64 }));
    await expect(decodeImage(file, paper)).rejects.toThrow(
      /wide\.tif" has samples of 64 bits; expected whole numbers of 8 to 32 bits, or floats/,
    );
  });

  test("the content decides, not the ending, and bytes after the end do not matter", async () => {
    const bytes = Buffer.concat([await row([1, 2, 3], 3).png().toBuffer(), Buffer.from("more")]);
    expect((await decodeImage(await write("really-png.jpg", bytes), paper)).source.format).toBe("png");
  });

  test("a file that was overwritten is read anew", async () => {
    const file = await write("changing.png", await row([1, 1, 1], 3).png().toBuffer());
    await decodeImage(file, paper);
    await write("changing.png", await row([2, 2, 2], 3).png().toBuffer());
    expect([...(await decodeImage(file, paper)).image.data]).toEqual([2, 2, 2]);
  });
});

describe("files that are no images are named with the reason", () => {
  const refused = async (file: string, message: string | RegExp) => {
    await expect(decodeImage(file, paper)).rejects.toThrow(InputError);
    await expect(decodeImage(file, paper)).rejects.toThrow(message);
    await expect(decodeImage(file, paper)).rejects.toThrow(`"${file}"`);
  };

  test("missing, empty, a folder", async () => {
    await refused(join(folder, "nowhere.png"), "does not exist");
    await refused(await write("empty.png", ""), "is empty (0 bytes)");
    await mkdir(join(folder, "folder.png"));
    await refused(join(folder, "folder.png"), "is a folder");
    await refused(join(folder, "empty.png", "below.png"), "cannot be read");
  });

  test("a device, which would be read forever", () => refused("/dev/zero", "is not a regular file"));

  test("several images in a file where one is expected", async () => {
    const [frame, ...more] = await openImage(await write("one.png", await noise().png().toBuffer()));
    expect(more).toEqual([]);
    expect(onlyFrame([frame!], "one.png")).toBe(frame);
    expect(() => onlyFrame([frame!, frame!], "volume.nii")).toThrow('"volume.nii" holds 2 images; one is expected.');
  });

  test("text and other formats under the name of an image", async () => {
    await refused(await write("text.png", "no image at all"), "is not a PNG, JPEG, TIFF, WebP, BMP or GIF image");
    await refused(await write("short.png", "\x89P"), "is not a PNG, JPEG, TIFF, WebP, BMP or GIF image");
    await refused(await write("drawing.png", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"), "is not a PNG");
    await refused(await write("scan.bmp", `BM${"\0".repeat(60)}`), "is not a PNG, JPEG");
    await refused(await write("scan.gif", "GIF89a"), "is a damaged or truncated GIF file (");
    await refused(await write("scan.avif", "\0\0\0\x20ftypavif"), "is a AVIF file, which is not supported. Convert it to PNG first.");
    const dicom = Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), Buffer.alloc(40)]);
    await refused(await write("slice.png", dicom), "is a DICOM object without pixel data, not an image");
  });

  test.each([
    ["png", 0.5],
    ["png", 0.98],
    ["png", 0.002],
    ["jpeg", 0.5],
    ["jpeg", 0.999],
    ["jpeg", 0.01],
    ["webp", 0.5],
    ["tiff", 0.5],
  ] as const)("a %s file of which %f is there is refused", async (format, share) => {
    const bytes = await noise().toFormat(format).toBuffer();
    const file = await write(`cut-${share}.${format}`, bytes.subarray(0, Math.floor(bytes.length * share)));
    await refused(file, share > 0.01 ? `is a damaged or truncated ${format.toUpperCase()} file (` : /damaged or truncated|is not a PNG/);
  });

  test("a png with damaged data is refused", async () => {
    const bytes = await noise().png().toBuffer();
    bytes[bytes.length >> 1]! ^= 0xff;
    await refused(await write("damaged.png", bytes), "is a damaged or truncated PNG file (");
  });

  test("a jpeg with damaged data that can still be decoded comes with the decoder's warning", async () => {
    const bytes = await noise().jpeg().toBuffer();
    const { image, warnings } = await decodeImage(await write("whole.jpg", bytes), paper);
    const at = Math.floor(bytes.length * 0.19975);
    bytes[at]! ^= 1;
    const damaged = await decodeImage(await write("damaged.jpg", bytes), paper);
    expect(warnings).toEqual([]);
    expect(damaged.warnings).toEqual([expect.stringMatching(/^the decoder warned: .*Corrupt JPEG data/)]);
    expect(damaged.image.data).toHaveLength(image.data.length);
  });

  test("a forged size is refused before memory is taken", async () => {
    const bytes = await row([1], 1).toColourspace("b-w").png().toBuffer();
    // IHDR: length, type, then width at 16 and height at 20; its checksum at 29 is over type and data.
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    await refused(await write("bomb.png", bytes), /60000 x 60000 pixels; at most 100 million are read/);
  });
});

/** Checksum of a PNG chunk. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describeWith(["parity/clip/preprocess.safetensors"], "decoding as Pillow does", () => {
  interface Case {
    source: "data" | "images";
    image: string;
    mode: string;
    width: number;
    height: number;
    rgb_sha256: string;
  }

  test("the reference mode gives the same bytes on every case", async () => {
    const bytes = await readFile(sharedPath("parity/clip/preprocess.safetensors"));
    const header = JSON.parse(bytes.toString("utf8", 8, 8 + Number(bytes.readBigUInt64LE(0))));
    const { cases } = JSON.parse(header.__metadata__.case) as { cases: Case[] };
    for (const { source, image: name, mode, width, height, rgb_sha256 } of cases) {
      const file = source === "data" ? sharedPath("data", name) : sharedPath("parity/clip/images", name);
      const { image, warnings } = await decodeImage(file, reference);
      expect([image.width, image.height], name).toEqual([width, height]);
      expect(createHash("sha256").update(image.data).digest("hex"), name).toBe(rgb_sha256);
      expect(warnings.length, name).toBe(mode === "I;16" ? 1 : 0);
      if (mode !== "I;16") expect(Buffer.compare((await decodeImage(file, paper)).image.data, image.data), name).toBe(0);
    }
  });

  test("a DICOM file is read by its own rule", async () => {
    const { source } = await decodeImage(sharedPath("data/dicom/misc/gdcm-CR-MONO1-10-chest.dcm"), paper);
    expect(source).toEqual({ format: "dicom", width: 440, height: 440, channels: 1, bitDepth: 10 });
  });
});

test("the geometry that a source tells is passed on; picture files tell none, whatever their dpi", async () => {
  const bytes = await noise().withMetadata({ density: 300 }).png().toBuffer();
  const file = await write("dpi.png", bytes);
  expect((await decodeImage(file)).geometry).toBeUndefined();
  const frames = await openImage(file);
  const geometry = { spacing: [0.5, 0.25] } as const;
  const source = vi.spyOn(imageSources.raster, "frames").mockResolvedValue(frames.map((frame) => ({ ...frame, geometry })) as never);
  expect((await decodeImage(file)).geometry).toEqual(geometry);
  source.mockRestore();
});

test("a DICOM file tells the size of its pixels", async () => {
  const [[name, bytes]] = [...madeSeriesFiles({ slices: 1 })] as [[string, Uint8Array]];
  expect((await decodeImage({ name, bytes })).geometry).toEqual({ spacing: [0.5, 0.75] });
  const file = await write("one.dcm", Buffer.from(bytes));
  expect(await readChannels(file)).toMatchObject({ width: 8, height: 6, channels: 1, spacing: [0.5, 0.75] });
});
