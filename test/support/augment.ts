import type { SpatialParameters } from "../../src/augment/index.ts";

/** Moves nothing. */
export const still: SpatialParameters = {
  angle: 0,
  scale: 1,
  shift: [0, 0],
  mirror: { horizontal: false, vertical: false },
  elastic: null,
  interpolation: "linear",
  border: 0,
  labelBorder: 0,
};
