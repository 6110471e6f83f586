import fc from "fast-check";
import { expect, test } from "vitest";
import { describeWith, readCase } from "../../../test/support/shared-data.ts";
import { lowerTarget } from "./lower-targets.ts";
import { type AxisLengths, cornerRange, type Extent, firstForced, initialPatchSize, largestRotation } from "./patches.ts";

const file = "parity/nnunet/augment.safetensors";

interface Sizes {
  readonly initial_patch_size: readonly { readonly patch: Extent; readonly rotation_degrees: number; readonly initial: Extent }[];
  readonly crop_bounds: readonly (AxisLengths & { readonly corner_from: number; readonly corner_to: number })[];
  readonly forced_foreground: Readonly<Record<string, number>>;
}

describeWith([file], "crops and targets are nnU-Net's", async () => {
  const { tensors, settings } = await readCase<{ parameters: Sizes }>(file);
  const { initial_patch_size, crop_bounds, forced_foreground } = settings.parameters;

  test.each(initial_patch_size)("a patch of $patch is sampled from $initial, turned by up to $rotation_degrees degrees", (one) => {
    expect(initialPatchSize(one.patch)).toEqual(one.initial);
    expect(largestRotation(one.patch)).toBe(one.rotation_degrees);
  });

  test.each(crop_bounds)("corners of a crop of $initial for $final pixels of $size", ({ corner_from, corner_to, ...lengths }) => {
    expect(cornerRange(lengths)).toEqual([corner_from, corner_to]);
  });

  test.each(Object.entries(forced_foreground))("a batch of %s forces foreground in %i crops", (batch, forced) => {
    expect(Number(batch) - firstForced(Number(batch))).toBe(forced);
  });

  test.each([0, 1, 2, 3])("the target of head %i", (head) => {
    const [, height, width] = tensors.get("ds/seg")!.shape as [number, number, number];
    const labels = { height, width, data: Int16Array.from(tensors.get("ds/seg")!.data as Int32Array) };
    const { shape, data } = tensors.get(`ds/${head}`)!;
    const found = lowerTarget(labels, [2 ** head, 2 ** head]);
    expect([1, found.height, found.width]).toEqual(shape);
    expect(Array.from(found.data)).toEqual(Array.from(data as Int32Array));
  });
});

test("an axis that a head does not halve keeps its length", () => {
  const labels = { height: 2, width: 4, data: Int16Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
  expect(lowerTarget(labels, [1, 2])).toEqual({ height: 2, width: 2, data: Int16Array.of(2, 4, 6, 8) });
});

test("the middle of a random crop lies over the image, and each patch around it overlaps the image", () => {
  const length = fc.integer({ min: 1, max: 700 });
  fc.assert(
    fc.property(length, length, length, (size, final, more) => {
      const initial = final + more - 1;
      const [from, to] = cornerRange({ size, initial, final });
      expect(from).toBeLessThanOrEqual(to);
      expect(from).toBeLessThanOrEqual(0);
      expect(to + initial).toBeGreaterThanOrEqual(size);
    }),
  );
});
