import type { Box, Size } from "../../image/index.ts";
import type { TargetGrid } from "../../segment/index.ts";

/** What prompts are drawn from. */
export interface PromptSource {
  readonly truth: TargetGrid;
  readonly coarse?: TargetGrid | undefined;
  /** Size of the image within the model's square. */
  readonly extent: Size;
}

/** Intersection over union of two boxes. */
export function boxIou(a: Box, b: Box): number {
  const both = areaOf({ x0: Math.max(a.x0, b.x0), y0: Math.max(a.y0, b.y0), x1: Math.min(a.x1, b.x1), y1: Math.min(a.y1, b.y1) });
  return both / (areaOf(a) + areaOf(b) - both);
}

function areaOf({ x0, y0, x1, y1 }: Box): number {
  return Math.max(0, x1 - x0) * Math.max(0, y1 - y0);
}

/** A box within the part of the square that the image fills. An axis along which less than a pixel would be left stays as it was. */
export function heldBox(box: Box, { width, height }: Size, before: Box): Box {
  const hold = (from: number, to: number, end: number): [number, number] => [
    Math.min(Math.max(from, 0), end),
    Math.min(Math.max(to, 0), end),
  ];
  const [x0, x1] = hold(box.x0, box.x1, width);
  const [y0, y1] = hold(box.y0, box.y1, height);
  return {
    ...(x1 - x0 >= 1 ? { x0, x1 } : { x0: before.x0, x1: before.x1 }),
    ...(y1 - y0 >= 1 ? { y0, y1 } : { y0: before.y0, y1: before.y1 }),
  };
}
