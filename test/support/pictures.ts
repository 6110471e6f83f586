import { createHash } from "node:crypto";
import fc from "fast-check";
import sharp from "sharp";
import type { GrayImage, Image, Mask } from "../../src/image/types.ts";

/** Decodes a plain 8-bit picture to RGB; alpha is dropped. */
export async function decodeRgb(path: string): Promise<Image> {
  const { data, info } = await sharp(path).removeAlpha().toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

/** Decodes an 8-bit gray picture. */
export async function decodeGray(path: string): Promise<GrayImage> {
  const { data, info } = await sharp(path).toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

/** Decodes a mask picture: 0 stays 0, everything else is 1. */
export async function decodeMask(path: string): Promise<Mask> {
  const { width, height, data } = await decodeGray(path);
  return { width, height, data: data.map((level) => (level > 0 ? 1 : 0)) };
}

/** SHA-256 of bytes, in hexadecimal. */
export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A mask from text, one row per line: "#" is 1, anything else 0. */
export function drawn(...rows: string[]): Mask {
  const data = Uint8Array.from(rows.join(""), (cell) => (cell === "#" ? 1 : 0));
  return { width: rows[0]!.length, height: rows.length, data };
}

/** Number of foreground pixels of a mask. */
export const areaOf = (mask: Mask): number => mask.data.reduce((sum, value) => sum + value, 0);

/** Any picture of one channel whose levels are at most `most`, between 1 x 1 and `side` x `side`. */
export const anyGray = (side: number, most = 255): fc.Arbitrary<GrayImage> =>
  fc
    .tuple(fc.integer({ min: 1, max: side }), fc.integer({ min: 1, max: side }))
    .chain(([width, height]) =>
      fc.uint8Array({ minLength: width * height, maxLength: width * height, max: most }).map((data) => ({ width, height, data })),
    );

/** Any mask between 1 x 1 and `side` x `side`. */
export const anyMask = (side: number): fc.Arbitrary<Mask> => anyGray(side, 1);

/** A picture mirrored left to right. */
export function mirrored<T extends Mask>({ width, height, data }: T): { width: number; height: number; data: Uint8Array } {
  return { width, height, data: data.map((_, i) => data[i - (i % width) + width - 1 - (i % width)]!) };
}
