import { ShapeError } from "../errors.ts";
import type { Size } from "../image/types.ts";

/** @throws ShapeError when two pictures cannot be compared pixel by pixel */
export function expectSameSize(where: string, mask: Size, truth: Size): void {
  if (mask.width === truth.width && mask.height === truth.height) return;
  const [a, b] = [mask, truth].map(({ width, height }) => `[${height}, ${width}]`);
  throw new ShapeError(`${where}: mask and truth must have the same size, got ${a} and ${b}; resize the mask first`);
}
