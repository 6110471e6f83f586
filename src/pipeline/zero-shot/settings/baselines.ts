import { z } from "zod";
import { type Condition, grouped } from "../../../run/settings/meta.ts";
import { EverythingOptions, regionBackgrounds } from "../../../segment/index.ts";

const ofSalip: { readonly needs: readonly Condition[] } = { needs: [{ baseline: ["salip"] }] };
const { pointsPerSide, pointMasks, predIou, stability, boxNms } = EverythingOptions.shape;

/** Another way to find the target than saliency map and coarse method, to compare with. A new one is one file, its name here and one row of `baselines`. */
export const RegionSettings = z.strictObject(
  grouped("Regions", {
    baseline: z
      .enum(["salip"])
      .optional()
      .describe(
        "another method instead of saliency map and coarse method, to compare with; salip: of SAM's automatic masks the --keep that CLIP finds most like the text",
      ),
    pointsPerSide: pointsPerSide.meta(ofSalip),
    pointMasks: pointMasks.meta(ofSalip),
    predIou: predIou.meta(ofSalip),
    stability: stability.meta(ofSalip),
    boxNms: boxNms.meta(ofSalip),
    regionBackground: z
      .enum(regionBackgrounds)
      .default("keep")
      .describe("what CLIP sees around a region in its box: keep, the image; blank, black")
      .meta(ofSalip),
  }),
);
export type RegionSettings = z.infer<typeof RegionSettings>;
