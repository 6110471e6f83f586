import { describe, expect, test } from "vitest";
import { drawnStack } from "../../test/support/stacks.ts";
import { extentFromRightToLeft, sideMismatch, sideNamed, splitSides } from "./sides.ts";
import type { VoxelToMm } from "./voxel-to-mm.ts";

/** Radiological: columns to the patient's left, the middle of 10 columns at 0 mm. */
const radiological: VoxelToMm = [
  [2, 0, 0, -9],
  [0, 2, 0, 0],
  [0, 0, 5, 0],
];
/** Columns to the patient's right. */
const neurological: VoxelToMm = [[-2, 0, 0, 9], radiological[1], radiological[2]];
/** Sagittal slices: the slices go to the left. */
const sagittal: VoxelToMm = [
  [0, 0, 5, 0],
  [2, 0, 0, 0],
  [0, -2, 0, 0],
];

const atLeft = drawnStack([".......##."]);
const atRight = drawnStack([".##......."]);
const target = (name: string, stack: typeof atLeft, ...sentences: string[]) => ({ name, sentences, stack });

describe("sideNamed", () => {
  test("is that of the name or the text prompts, if it is one", () => {
    expect(sideNamed({ name: "left_lung", sentences: ["A chest CT showing the lung"] })).toBe("left");
    expect(sideNamed({ name: "lung", sentences: ["the lung on the right side"] })).toBe("right");
    expect(sideNamed({ name: "lungs", sentences: ["the left lung", "the right lung"] })).toBeUndefined();
    expect(sideNamed({ name: "la", sentences: ["the left atrium"] })).toBeUndefined();
  });
});

describe("sideMismatch", () => {
  test("says nothing where the mask lies on the side that is named, or none is named", () => {
    expect(sideMismatch(target("left lung", atLeft), { affine: radiological })).toBeUndefined();
    expect(sideMismatch(target("lung", atRight), { affine: radiological })).toBeUndefined();
    expect(sideMismatch(target("left lung", drawnStack([".........."])), { affine: radiological })).toBeUndefined();
  });

  test("warns where it lies on the other one, by the patient's geometry and not the picture's", () => {
    expect(sideMismatch(target("left lung", atRight), { affine: radiological })).toBe(
      `"left lung" names the patient's left side, but its mask lies to the right of the image's middle; look whether the orientation of the image or the mask is wrong`,
    );
    expect(sideMismatch(target("left lung", atRight), { affine: neurological })).toBeUndefined();
    expect(sideMismatch(target("left lung", drawnStack(["#"], ["."], ["."])), { affine: sagittal })).toContain("to the right of");
  });

  test("compares with the same target of the other side before anything else", () => {
    // Both lie left of the image's middle, as a patient off centre does.
    const [inner, outer] = [drawnStack([".....#...."]), drawnStack([".........#"])];
    const left = target("left_lung", outer);
    const right = target("right_lung", inner);
    expect(sideMismatch(right, { affine: radiological })).toContain("the image's middle");
    expect(sideMismatch(right, { affine: radiological, others: [left, right] })).toBeUndefined();
    const swapped = [target("left_lung", inner), target("right_lung", outer)] as const;
    expect(sideMismatch(swapped[0], { affine: radiological, others: swapped })).toContain(`to the right of that of "right_lung"`);
    expect(sideMismatch(swapped[1], { affine: radiological, others: swapped })).toContain(`to the left of that of "left_lung"`);
    // A target of the other side that is something else is no counterpart.
    expect(sideMismatch(right, { affine: radiological, others: [target("left_kidney", outer)] })).toContain("the image's middle");
  });

  test("the body's middle goes before the image's", () => {
    const kidney = target("right kidney", atLeft);
    expect(sideMismatch(kidney, { affine: radiological, bodyMm: [0, 30] })).toBeUndefined();
    expect(sideMismatch(kidney, { affine: radiological, bodyMm: [-10, 8] })).toContain("the body's midline");
  });

  test("on the midline it is on neither side", () => {
    expect(sideMismatch(target("left lung", drawnStack(["....##...."])), { affine: radiological })).toBeUndefined();
  });
});

test("a mask of both sides is parted by components, which are not cut", () => {
  const both = drawnStack([".##...##.."], ["..#..###.."]);
  expect(splitSides(both, radiological)).toEqual({
    left: drawnStack(["......##.."], [".....###.."]),
    right: drawnStack([".##......."], ["..#......."]),
  });
  expect(splitSides(both, radiological, -8).right.data.every((value) => value === 0)).toBe(true);
});

test("the extent of a mask is in millimetres to the patient's left", () => {
  expect(extentFromRightToLeft(atLeft, radiological)).toEqual([5, 7]);
  expect(extentFromRightToLeft(atLeft, neurological)).toEqual([-7, -5]);
  expect(extentFromRightToLeft(drawnStack(["."]), radiological)).toBeUndefined();
});
