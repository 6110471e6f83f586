import type { LabelMap } from "../../augment/index.ts";
import type { Extent } from "./patches.ts";

/** The label map for a head of deep supervision whose pixels are `stride` times as large: the label at the middle of each, index ⌊(i + 0.5) s⌋. */
export function lowerTarget({ height, width, data }: LabelMap, [down, across]: Extent): LabelMap {
  const size = { height: Math.floor(height / down), width: Math.floor(width / across) };
  const result = new Int16Array(size.height * size.width);
  for (let y = 0, i = 0; y < size.height; y++) {
    const row = Math.floor((y + 0.5) * down) * width;
    for (let x = 0; x < size.width; x++, i++) result[i] = data[row + Math.floor((x + 0.5) * across)]!;
  }
  return { ...size, data: result };
}
