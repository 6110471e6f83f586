import { type Colour, type Image, type Mask, overlay } from "../../image/index.ts";

/** Distinguishable on gray, also with red-green colour blindness. */
export const outlineColours = { mask: [0, 238, 255], truth: [255, 170, 0] } as const satisfies Record<string, Colour>;

/** The outlines of a mask and of its ground truth on the image, all of one size. Where they meet, that of the mask is on top. */
export function outlines(image: Image, { mask, truth, label }: { mask: Mask; truth: Mask; label?: string | undefined }): Image {
  const masks = [
    { mask: truth, colour: outlineColours.truth },
    { mask, colour: outlineColours.mask },
  ];
  return overlay(image, { masks, label });
}
