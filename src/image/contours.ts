import { type Component, components, type Labels } from "./components.ts";
import type { Mask } from "./types.ts";

/**
 * The components that have an outer contour of their own, as OpenCV's RETR_EXTERNAL counts them, ordered by first pixel.
 *
 * A component that lies in a hole of another has none. The pixel left of a component's first pixel is background and belongs to
 * the background that surrounds the component; a hole is background (4-connected) that does not reach the picture's edge.
 *
 * @param labels - the mask's 8-connected components, where they are at hand; computed otherwise
 * @returns components with their bounding boxes (ends exclusive)
 */
export function outerContours(mask: Mask, labels: Labels = components(mask)): Component[] {
  const { width, height } = mask;
  const background = components({ width, height, data: complement(mask.data) }, 4);
  const reachesEdge = background.components.map(({ box }) => box.x0 === 0 || box.y0 === 0 || box.x1 === width || box.y1 === height);
  return labels.components.filter(
    ({ firstIndex }) => firstIndex % width === 0 || reachesEdge[background.data[firstIndex - 1]! - 1] === true,
  );
}

function complement(mask: Uint8Array): Uint8Array {
  const data = new Uint8Array(mask.length);
  for (let i = 0; i < data.length; i++) data[i] = mask[i] === 0 ? 1 : 0;
  return data;
}

/**
 * The pixels of a mask that touch its background or the picture's edge with a side: what a viewer draws as the outline.
 * Outlines of holes are included.
 */
export function outline({ width, height, data }: Mask): Mask {
  const out = new Uint8Array(data.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] === 0) continue;
      const inner = x > 0 && y > 0 && x < width - 1 && y < height - 1 && data[i - 1] && data[i + 1] && data[i - width] && data[i + width];
      out[i] = inner ? 0 : 1;
    }
  }
  return { width, height, data: out };
}
