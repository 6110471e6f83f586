import sharp from "sharp";
import { type Image, type Mask, overlay } from "../image/index.ts";
import { outlines } from "../pipeline/demo/outlines.ts";

/** Longest side of a picture on a page, in pixels. */
const longest = 280;

/** An image with the outline of a mask, and of the true one where it is known, small, as a data URL. */
export async function outlined(image: Image, mask: Mask, truth?: Mask): Promise<string> {
  return await dataUrl(truth ? outlines(image, { mask, truth }) : overlay(image, { mask }));
}

/** A picture as a data URL for a page, with sides of at most 280 pixels. */
export async function dataUrl({ width, height, data }: Image): Promise<string> {
  const raw = { width, height, channels: 3 } as const;
  const small = sharp(data, { raw }).resize(longest, longest, { fit: "inside", withoutEnlargement: true });
  return `data:image/webp;base64,${(await small.webp({ quality: 80 }).toBuffer()).toString("base64")}`;
}
