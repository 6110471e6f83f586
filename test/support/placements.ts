import type { Placement } from "../../src/scans/sources/image-source.ts";

/** Columns to the left, rows to the back, slices to the head, as radiological pictures lie: half a turn about the vertical axis, no mirror. */
export const lps: Placement = {
  affine: [
    [-0.5, 0, 0, 10],
    [0, -0.75, 0, 20],
    [0, 0, 2, -30],
  ],
  spacing: [0.5, 0.75, 2],
  qformCode: 1,
  sformCode: 1,
  isUnitKnown: true,
};
