import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { checkedMask, checkSameSize } from "../check/pictures.ts";
import type { Mask, Size } from "../image/types.ts";

/** Two masks that are compared pixel by pixel. @throws InputError, ShapeError when they cannot be */
export function checkedMasks(where: string, mask: Mask, truth: Mask): { readonly mask: Mask; readonly truth: Mask } {
  const checked = { mask: checkedMask(mask, where), truth: checkedMask(truth, where, "truth") };
  expectSameSize(where, checked.mask, checked.truth);
  return checked;
}

/** @throws ShapeError when two pictures cannot be compared pixel by pixel */
export function expectSameSize(where: string, mask: Size, truth: Size): void {
  checkSameSize(where, { ...mask, name: "mask" }, { ...truth, name: "truth" });
}

const Options = z.strictObject({
  tolerance: z.number().nonnegative().default(2),
  spacing: z.tuple([z.number().positive(), z.number().positive()]).default([1, 1]),
  percent: z.number().min(0).max(100).default(95),
});

/** Options of distances, with their defaults. @throws ConfigError that names the wrong one */
export function checkedDistances(where: string, options: object): z.output<typeof Options> {
  return checkedOptions(Options, options, where);
}
