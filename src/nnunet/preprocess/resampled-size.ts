import type { Size } from "../../image/index.ts";
import { roundHalfEven } from "../../round-half-even.ts";

/** Millimetres a pixel. */
export type Spacing = readonly [row: number, column: number];

/** Size of an image after resampling: round(size · spacing / target), half to even, at least 1. */
export function resampledSize({ width, height }: Size, spacing: Spacing, target: Spacing): Size {
  return {
    width: Math.max(1, roundHalfEven((spacing[1] / target[1]) * width)),
    height: Math.max(1, roundHalfEven((spacing[0] / target[0]) * height)),
  };
}
