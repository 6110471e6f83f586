import { describe, expect, test } from "vitest";
import { type BmpParts, bmpOf } from "../../../test/support/bmp-files.ts";
import { sha256 } from "../../../test/support/pictures.ts";
import { decodeBmp } from "./bmp.ts";
import { bmpHeader } from "./bmp-header.ts";

const read = (parts: BmpParts) => decodeOf(bmpOf(parts));
const decodeOf = (bytes: Uint8Array) => decodeBmp(bytes, bmpHeader(bytes));

/** Every gray level of so many bits. */
const grays = (bits: number) => Array.from({ length: 2 ** bits }, (_, i) => Math.round((i * 255) / (2 ** bits - 1)) * 0x010101);
const colours = (bits: number) => Array.from({ length: 2 ** bits }, (_, i) => (i * 0x35a7c3 + 0x102030) & 0xffffff);

describe("pixels as they are stored", () => {
  test("rows lie from below, the lowest bits of a byte are the rightmost pixel, and rows are padded", () => {
    // 3 x 2 of 4 bits: the lower row 1 2 3, the upper row 4 5 6.
    const pixels = [0x12, 0x30, 0, 0, 0x45, 0x60, 0, 0];
    const upright = read({ width: 3, height: 2, bits: 4, palette: grays(4), pixels });
    expect(upright).toMatchObject({ width: 3, height: 2, space: "gray", channels: 1, stride: 1, bitDepth: 4, hasAlpha: false });
    expect([...upright.data]).toEqual([4, 5, 6, 1, 2, 3].map((level) => level * 17));
    expect([...read({ width: 3, height: -2, bits: 4, palette: grays(4), pixels }).data]).toEqual(
      [1, 2, 3, 4, 5, 6].map((level) => level * 17),
    );
  });

  test("a palette with colours, or with grays in another order, is RGB", () => {
    expect([...read({ width: 2, height: 1, bits: 8, palette: [0xff0000, 0x0000ff], pixels: [1, 0, 0, 0] }).data]).toEqual([
      0, 0, 255, 255, 0, 0,
    ]);
    expect(read({ width: 1, height: 1, bits: 1, palette: [0xffffff, 0], pixels: [0, 0, 0, 0] })).toMatchObject({ space: "rgb" });
  });

  test("16 bits are 5 a channel unless masks say otherwise, and are spread over 0 to 255", () => {
    // Red 31, green 16, blue 1: 16 · 255 / 31 = 131.6 and 8.2 are rounded down.
    expect([...read({ width: 1, height: 1, bits: 16, pixels: [0x01, 0x7e, 0, 0] }).data]).toEqual([255, 131, 8]);
    const masks = [0xf800, 0x7e0, 0x1f];
    expect([...read({ width: 1, height: 1, bits: 16, compression: 3, masks, pixels: [0x01, 0xfc, 0, 0] }).data]).toEqual([255, 129, 8]);
  });

  test("masks of 32 bits may lie anywhere, and one of them is alpha", () => {
    const masks = [0xff, 0xff00, 0xff0000, 0xff000000];
    const parts = { width: 2, height: 1, bits: 32, compression: 3, masks, headerSize: 108 } as const;
    expect(read({ ...parts, pixels: [1, 2, 3, 9, 4, 5, 6, 0] })).toMatchObject({
      space: "rgb",
      channels: 4,
      stride: 4,
      hasAlpha: true,
      data: Uint8Array.of(1, 2, 3, 9, 4, 5, 6, 0),
      warnings: [],
    });
    expect(read({ ...parts, pixels: [1, 2, 3, 0, 4, 5, 6, 0] })).toMatchObject({
      channels: 3,
      stride: 4,
      hasAlpha: false,
      warnings: ["its alpha is 0 everywhere, so it was passed over"],
    });
    expect([
      ...read({ width: 1, height: 1, bits: 32, compression: 3, masks: [0x3ff00000, 0, 0x3ff], pixels: [0xff, 3, 0, 0x20] }).data,
    ]).toEqual([
      127,
      0,
      255, // 512 of 1023, no green, 1023 of 1023
    ]);
  });

  test.each([
    // sha256 of Pillow 13.0.0's convert("RGB") of the same files
    [1, 12, "ff5754a10110a7a556c38926f4a52fa5b7bcc96ae2d3ca0a368966acebfbc695"],
    [4, 124, "33f3e8aa00d9a86ca7cebc833f06f49a94cb3e1d1f6f1c532d8490004b3470aa"],
    [8, 40, "6bdc3382d1c397bdf8b02eb5634ed7212d5efc86946b16c90054c593f2dc53f9"],
    [16, 40, "5806cacfe4758ea06908f2f674999aef95400b28c0863d8cd0cd28bb20aaaa59"],
    [24, 40, "a4f5327d86089aa0c37f769c3aed59c5e83abcea7563121851e3118e8c46818b"],
    [32, 40, "4c73d74262330899ed7b7be0641c881887de47396abaf91727743d7a0e5b0ebd"],
  ] as const)("%d bits with a header of %d bytes decode as Pillow does", (bits, headerSize, expected) => {
    const [width, height] = [13, 7];
    const pixels = Uint8Array.from({ length: height * 4 * Math.ceil((width * bits) / 32) }, (_, i) => (i * 37 + 11) % 256);
    const bytes = bmpOf({ width, height, bits, headerSize, pixels, ...(bits <= 8 && { palette: colours(bits) }) });
    expect(sha256(decodeOf(bytes).data)).toBe(expected);
  });
});

describe("runs of pixels", () => {
  test("of 8 bits: equal ones, single ones with padding, jumps, and what is left out is index 0", () => {
    const pixels = [
      ...[3, 7, 0, 0], // the lowest row: 7 7 7, end of the row
      ...[0, 3, 1, 2, 3, 0], // 1 2 3 and a byte of padding
      ...[0, 2, 1, 1], // a jump to the right and upwards
      ...[1, 9, 0, 1], // 9, end of the picture
    ];
    const { data } = read({ width: 5, height: 3, bits: 8, compression: 1, palette: grays(8), pixels });
    expect([...data]).toEqual([0, 0, 0, 0, 9, 1, 2, 3, 0, 0, 7, 7, 7, 0, 0]);
  });

  test("of 4 bits: two indices take turns", () => {
    const pixels = [5, 0x12, 0, 0, 0, 5, 0x34, 0x56, 0x70, 0, 0, 1];
    const { data } = read({ width: 5, height: 2, bits: 4, compression: 2, palette: grays(4), pixels });
    expect([...data].map((level) => level / 17)).toEqual([3, 4, 5, 6, 7, 1, 2, 1, 2, 1]);
  });
});

describe("damage is named", () => {
  const whole = { width: 4, height: 2, bits: 8, palette: grays(8), pixels: new Uint8Array(8) } as const;
  test.each<[string, Uint8Array, RegExp]>([
    ["too few pixels", bmpOf({ ...whole, pixels: new Uint8Array(7) }), /7 bytes of pixels instead of 8/],
    ["no pixel", bmpOf({ ...whole, width: 0 }), /a size of 0 x 2 pixels/],
    ["an unknown header", bmpOf({ ...whole, headerSize: 41 as never }), /a header of 41 bytes/],
    ["an odd number of bits", bmpOf({ ...whole, bits: 7 }), /7 bits a pixel with compression 0/],
    ["a JPEG inside", bmpOf({ ...whole, compression: 4 }), /8 bits a pixel with compression 4/],
    [
      "an index beyond the palette",
      bmpOf({ ...whole, palette: [0, 1], pixels: Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0) }),
      /index 2 in a palette of 2/,
    ],
    ["runs upside down", bmpOf({ ...whole, compression: 1, height: -2 }), /from the top down/],
    ["runs that end early", bmpOf({ ...whole, compression: 1, pixels: [4, 1] }), /cut off/],
    ["a run beyond the row", bmpOf({ ...whole, compression: 1, pixels: [5, 1, 0, 1] }), /leaves the picture/],
    ["a run above the picture", bmpOf({ ...whole, compression: 1, pixels: [0, 2, 0, 2, 1, 1, 0, 1] }), /leaves the picture/],
    [
      "split masks",
      bmpOf({ ...whole, bits: 32, compression: 3, masks: [5, 8, 16], pixels: new Uint8Array(32) }),
      /0x5, which are not side by side/,
    ],
    ["no end of the header", bmpOf(whole).subarray(0, 30), /./],
  ])("%s", (_, bytes, message) => {
    expect(() => decodeOf(bytes)).toThrow(message);
  });

  test("pixels that begin behind the end", () => {
    const bytes = bmpOf(whole);
    new DataView(bytes.buffer).setUint32(10, 5000, true);
    expect(() => bmpHeader(bytes)).toThrow(/pixels from byte 5000 on in a file of 1086/);
  });
});
