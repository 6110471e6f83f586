import fc from "fast-check";
import { type MaskStack, stackOf } from "../../src/image/index.ts";
import { drawn } from "./pictures.ts";

/** A stack of masks from pictures of # and . */
export const drawnStack = (...slices: (readonly string[])[]): MaskStack => stackOf(slices.map((rows) => drawn(...rows)));

/** Small stacks of random masks. */
export const anyStack = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
  .chain(([slices, rows, columns]) => {
    const length = slices * rows * columns;
    return fc
      .array(fc.boolean(), { minLength: length, maxLength: length })
      .map((values): MaskStack => ({ slices, rows, columns, data: Uint8Array.from(values, Number) }));
  });

/** An ellipsoid about a centre, in voxels. */
export function ellipsoid(
  { slices, rows, columns }: Omit<MaskStack, "data">,
  [cz, cy, cx]: readonly [slice: number, row: number, column: number],
  [rz, ry, rx]: readonly [slice: number, row: number, column: number],
): MaskStack {
  const data = new Uint8Array(slices * rows * columns);
  for (let z = 0, i = 0; z < slices; z++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++, i++) {
        if (((z - cz) / rz) ** 2 + ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 <= 1) data[i] = 1;
      }
    }
  }
  return { slices, rows, columns, data };
}
