import type { GrayImage, Mask, Size } from "../image/index.ts";
import type { Enlarge } from "./variants/index.ts";

/** A mask that takes part in a label image. */
export interface LabelledMask {
  /** 1 to 255. */
  readonly value: number;
  readonly mask: Mask;
  /** [l, l] of each prediction that the mask was made from: one for each box of a union, or the candidates of a vote. */
  readonly logits: readonly Float32Array[];
}

/**
 * Masks in one image: each pixel has the value of the mask that it lies in, 0 where there is none.
 *
 * Where masks overlap, the higher probability wins: the sigmoid of SAM's logits at the size of the image, of which the logits themselves have
 * the order. Of a mask that was made from several predictions the highest one counts, as a union holds what any of them finds. Among
 * equals the first mask wins.
 *
 * @param size - of the image and all masks
 * @param enlarge - of the model that made the masks, see `enlargeFor`
 */
export function labelMap(masks: readonly LabelledMask[], size: Size, enlarge: Enlarge): GrayImage {
  const { width, height } = size;
  const data = new Uint8Array(width * height);
  const shared = new Uint8Array(width * height); // 1 where masks overlap
  for (const { mask } of masks) for (let i = 0; i < data.length; i++) if (mask.data[i] !== 0 && data[i]!++ > 0) shared[i] = 1;
  data.fill(0);
  const best = new Float32Array(width * height).fill(Number.NEGATIVE_INFINITY);
  for (const { value, mask, logits } of masks) {
    const overlaps = mask.data.some((inside, i) => inside !== 0 && shared[i] === 1);
    const planes = overlaps ? logits.map((plane) => enlarge(plane, size).data) : [];
    for (let i = 0; i < data.length; i++) {
      if (mask.data[i] === 0) continue;
      if (shared[i] === 0) data[i] = value;
      else {
        const logit = planes.reduce((highest, plane) => Math.max(highest, plane[i]!), Number.NEGATIVE_INFINITY);
        if (data[i] !== 0 && !(logit > best[i]!)) continue;
        data[i] = value;
        best[i] = logit;
      }
    }
  }
  return { width, height, data };
}
