import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyStack, drawnStack, ellipsoid } from "../../test/support/stacks.ts";
import type { MaskStack } from "../image/index.ts";
import { longestDiameter, longestInSlice } from "./diameter.ts";
import { measuresOf } from "./measures.ts";
import { affineOfSpacing, placeOf, type VoxelToMm } from "./voxel-to-mm.ts";

/** Slices 2 mm apart, rows 0.75, columns 0.5. */
const spaced = affineOfSpacing([2, 0.75, 0.5]);
/** Turned, mirrored and sheared. */
const oblique: VoxelToMm = [
  [0.4, -0.3, 0.2, 10],
  [0.1, 0.7, 0, -5],
  [0, 0.1, -2, 3],
];

describe("measuresOf", () => {
  test("a single voxel is as long as its longest side, and as large as a voxel", () => {
    const one = drawnStack(["...", ".#."], ["...", "..."]);
    expect(measuresOf(one, spaced)).toEqual({
      voxels: 1,
      volumeMm3: 0.75,
      centroidMm: [0.5, 0.75, 0],
      longestInSlice: { mm: 0.75, from: [0.5, 0.375, 0], to: [0.5, 1.125, 0], slice: 0 },
      longest: { mm: 2, from: [0.5, 0.75, -1], to: [0.5, 0.75, 1] },
    });
  });

  test("an empty mask has no place and no length", () => {
    const none = { centroidMm: undefined, longestInSlice: undefined, longest: undefined };
    expect(measuresOf(drawnStack([".."]), spaced)).toEqual({ voxels: 0, volumeMm3: 0, ...none });
  });

  test("the longest slice is named", () => {
    // 3 columns: from -0.5 to 2.5, 3 x 0.5 mm; diagonals of contour points are shorter.
    expect(longestInSlice(drawnStack(["#.."], ["###"]), spaced)).toMatchObject({ mm: 1.5, slice: 1 });
  });

  test("a ball of 20 mm has a diameter of 20 mm and the volume of a ball, whatever the spacing", () => {
    const ball = ellipsoid({ slices: 13, rows: 31, columns: 45 }, [6, 15, 22], [5, 10 / 0.75, 20]);
    const { longest, longestInSlice: across, volumeMm3, centroidMm } = measuresOf(ball, spaced);
    expect(longest!.mm).toBeGreaterThan(19.8);
    expect(longest!.mm).toBeLessThan(22.1); // from face to face of the outermost voxels: up to a slice more
    expect(Math.abs(across!.mm - 20)).toBeLessThan(0.7);
    expect(Math.abs(volumeMm3 / ((4 / 3) * Math.PI * 1000) - 1)).toBeLessThan(0.02);
    expect(centroidMm!.map((mm) => Math.round(1e6 * mm) / 1e6)).toEqual([11, 11.25, 12]);
  });
});

test.each([
  ["straight", spaced],
  ["oblique", oblique],
])("diameters are those of all surface points, %s grid", (_, affine) => {
  fc.assert(
    fc.property(anyStack, (stack) => {
      expect(longestDiameter(stack, affine)?.mm ?? 0).toBeCloseTo(farthest(surface(stack, affine, [0, 1, 2])), 9);
      const slices = Array.from({ length: stack.slices }, (_, slice) => farthest(surface(stack, affine, [0, 1], slice)));
      expect(longestInSlice(stack, affine)?.mm ?? 0).toBeCloseTo(Math.max(...slices), 9);
    }),
  );
});

/** Points midway between voxels in and out along some axes, of one slice or all. */
function surface({ slices, rows, columns, data }: MaskStack, affine: VoxelToMm, axes: readonly number[], only?: number) {
  const at = (x: number, y: number, z: number) =>
    x < 0 || y < 0 || z < 0 || x >= columns || y >= rows || z >= slices ? 0 : data[(z * rows + y) * columns + x]!;
  const points: (readonly [number, number, number])[] = [];
  for (let z = 0; z < slices; z++)
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) {
        if (at(x, y, z) === 0 || (only !== undefined && z !== only)) continue;
        for (const axis of axes)
          for (const step of [-1, 1]) {
            const [dx, dy, dz] = [0, 1, 2].map((each) => (each === axis ? step : 0)) as [number, number, number];
            if (at(x + dx, y + dy, z + dz) === 0) points.push(placeOf(affine, x + dx / 2, y + dy / 2, z + dz / 2));
          }
      }
  return points;
}

function farthest(points: readonly (readonly [number, number, number])[]): number {
  let most = 0;
  for (const p of points) for (const q of points) most = Math.max(most, Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]));
  return most;
}
