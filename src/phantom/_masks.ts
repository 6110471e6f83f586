import type { Mask } from "../image/index.ts";

/** The number of pixels in a mask. */
export function areaOf(mask: Mask): number {
  let area = 0;
  for (const value of mask.data) area += value;
  return area;
}

/** Whether an image shows enough of a structure to name it: a sliver of an organ at the edge is not enough, a small lesion is. */
export function isVisible(mask: Mask, least: "organ" | "detail"): boolean {
  return areaOf(mask) >= Math.max(4, mask.data.length * (least === "organ" ? 0.004 : 0.0003));
}

/** The pixels in both masks. */
export function intersection(a: Mask, b: Mask): Mask {
  return { ...a, data: a.data.map((value, i) => value & b.data[i]!) };
}

/** The pixels in a mask and not in the other. */
export function difference(a: Mask, b: Mask): Mask {
  return { ...a, data: a.data.map((value, i) => value & (b.data[i]! ^ 1)) };
}

/** The pixels in either mask. */
export function either(a: Mask, b: Mask): Mask {
  return { ...a, data: a.data.map((value, i) => value | b.data[i]!) };
}
