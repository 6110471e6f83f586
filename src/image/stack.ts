import { ShapeError } from "../errors.ts";
import type { Mask, MaskStack } from "./types.ts";

/** One slice of a stack, from 0; the mask shares the stack's memory. */
export function sliceOf({ slices, rows, columns, data }: MaskStack, slice: number): Mask {
  if (!(Number.isInteger(slice) && slice >= 0 && slice < slices)) throw new ShapeError(`sliceOf: slice ${slice} of a stack of ${slices}`);
  return { width: columns, height: rows, data: data.subarray(slice * rows * columns, (slice + 1) * rows * columns) };
}

/** Masks of one size as a stack, copied. @throws ShapeError when there is none, or the sizes differ */
export function stackOf(masks: readonly Mask[]): MaskStack {
  const [first] = masks;
  if (!first) throw new ShapeError("stackOf: expected one mask or more, got none");
  const { width: columns, height: rows } = first;
  const stack = { slices: masks.length, rows, columns, data: new Uint8Array(masks.length * rows * columns) };
  for (const [slice, mask] of masks.entries()) setSlice(stack, slice, mask);
  return stack;
}

/** Writes a mask into a stack. @throws ShapeError when it has another size */
export function setSlice(stack: MaskStack, slice: number, mask: Mask): void {
  const place = sliceOf(stack, slice);
  if (mask.width !== place.width || mask.height !== place.height)
    throw new ShapeError(
      `setSlice: slices have ${place.width} x ${place.height} pixels, slice ${slice} got ${mask.width} x ${mask.height}`,
    );
  place.data.set(mask.data);
}
