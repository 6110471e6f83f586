import { z } from "zod";

const share = z.number().min(0).max(1);

/**
 * How "segment everything" finds and sorts out masks. Defaults are those of the package segment-anything 1.0, which its authors chose for ViT-H.
 *
 * @see Kirillov et al. 2023, arXiv:2304.02643, section 5 and appendix B
 */
export const EverythingOptions = z.strictObject({
  pointsPerSide: z
    .number()
    .int()
    .positive()
    .max(256)
    .default(32)
    .describe("points of the grid along each side of the image, at most 256; each is a prompt"),
  pointMasks: z
    .enum(["candidates", "single"])
    .default("candidates")
    .describe("masks of each point: its three candidate masks, or the single-mask output, for models that were trained with that alone"),
  predIou: share.default(0.88).describe("masks whose predicted IoU is not above this are dropped; 0: none"),
  stability: share.default(0.95).describe("masks of less stability are dropped; 0: none"),
  stabilityOffset: z.number().positive().default(1).describe("stability is the IoU of the masks at this logit and at minus this logit"),
  boxNms: share.default(0.7).describe("of masks whose boxes have a greater IoU only the one of the highest predicted IoU is kept"),
  cropLayers: z
    .number()
    .int()
    .min(0)
    .max(4)
    .default(0)
    .describe("also look at crops of the image: 4, then 16, then 64; each costs as much as the image"),
  cropNms: share.default(0.7).describe("the same IoU between the masks of different crops; the smaller crop wins"),
  cropOverlap: share
    .default(512 / 1500)
    .describe("overlap of the crops of the first layer, as a share of the shorter side; halved with each layer"),
  cropPointsDivisor: z
    .number()
    .int()
    .positive()
    .default(1)
    .describe("in each further layer the grid has this many times fewer points a side"),
  minRegionArea: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("fill holes and drop islands of fewer pixels (with diagonal neighbours); 0: leave masks as they are"),
});
export type EverythingOptions = z.input<typeof EverythingOptions>;
