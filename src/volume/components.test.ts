import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyStack, drawnStack } from "../../test/support/stacks.ts";
import type { MaskStack } from "../image/index.ts";
import { keepLargestComponents, type StackConnectivity, stackComponents } from "./components.ts";

describe("stackComponents", () => {
  test("voxels that touch by a corner belong together under 26, those that share a face under 6", () => {
    const corner = drawnStack(["#.", ".."], ["..", ".#"]);
    expect(stackComponents(corner).components.map(({ voxels }) => voxels)).toEqual([2]);
    expect(stackComponents(corner, 6).components.map(({ voxels }) => voxels)).toEqual([1, 1]);
    const face = drawnStack(["#.", ".."], ["#.", ".."]);
    expect(stackComponents(face, 6).components).toEqual([{ label: 1, voxels: 2, firstIndex: 0, slices: [0, 2], centroid: [0, 0, 0.5] }]);
  });

  test("two branches that meet in a later slice are one component", () => {
    const fork = drawnStack(["#.#"], ["#.#"], ["###"]);
    expect(stackComponents(fork, 6).components).toEqual([{ label: 1, voxels: 7, firstIndex: 0, slices: [0, 3], centroid: [1, 0, 8 / 7] }]);
  });

  test("the last column of a row does not touch the first of the next", () => {
    expect(stackComponents(drawnStack(["..#", "#.."])).components).toHaveLength(2);
  });

  test.each([6, 26] as const)("agrees with a flood fill, connectivity %d", (connectivity) => {
    fc.assert(
      fc.property(anyStack, (stack) => {
        expect(stackComponents(stack, connectivity).components.map(({ voxels, firstIndex }) => [firstIndex, voxels])).toEqual(
          flooded(stack, connectivity),
        );
      }),
    );
  });

  test("its components together are the mask", () => {
    fc.assert(
      fc.property(anyStack, (stack) => {
        const { components, maskOf } = stackComponents(stack);
        expect(maskOf(components)).toEqual(stack);
        expect(maskOf([]).data.every((value) => value === 0)).toBe(true);
      }),
    );
  });
});

describe("keepLargestComponents", () => {
  test("keeps the largest, of equal ones the first", () => {
    const stack = drawnStack(["#..#", "...#"], ["#..#", "...."], ["....", ".#.."], ["....", "...."]);
    expect(keepLargestComponents(stack, 1, 6)).toEqual(drawnStack(["...#", "...#"], ["...#", "...."], ["....", "...."], ["....", "...."]));
    expect(keepLargestComponents(drawnStack(["#.#"]), 1)).toEqual(drawnStack(["#.."]));
  });

  test("never adds a voxel, keeps at most as many components, and changes nothing a second time", () => {
    fc.assert(
      fc.property(anyStack, fc.integer({ min: 0, max: 3 }), (stack, keep) => {
        const kept = keepLargestComponents(stack, keep);
        expect(kept.data.every((value, i) => value <= stack.data[i]!)).toBe(true);
        expect(stackComponents(kept).components.length).toBeLessThanOrEqual(keep);
        expect(keepLargestComponents(kept, keep)).toEqual(kept);
      }),
    );
  });
});

/** First voxel and size of each component, found by walking from voxel to voxel. */
function flooded({ slices, rows, columns, data }: MaskStack, connectivity: StackConnectivity): number[][] {
  const seen = new Uint8Array(data.length);
  const found: number[][] = [];
  for (let first = 0; first < data.length; first++) {
    if (data[first] === 0 || seen[first] === 1) continue;
    const queue = [first];
    seen[first] = 1;
    for (let at = 0; at < queue.length; at++) {
      const [z, y, x] = [Math.floor(queue[at]! / (rows * columns)), Math.floor(queue[at]! / columns) % rows, queue[at]! % columns];
      for (const dz of [-1, 0, 1])
        for (const dy of [-1, 0, 1])
          for (const dx of [-1, 0, 1]) {
            if (connectivity === 6 && Math.abs(dz) + Math.abs(dy) + Math.abs(dx) > 1) continue;
            const [nz, ny, nx] = [z + dz, y + dy, x + dx];
            if (nz < 0 || ny < 0 || nx < 0 || nz >= slices || ny >= rows || nx >= columns) continue;
            const next = (nz * rows + ny) * columns + nx;
            if (data[next] === 0 || seen[next] === 1) continue;
            seen[next] = 1;
            queue.push(next);
          }
    }
    found.push([first, queue.length]);
  }
  return found;
}
