import { z } from "zod";
import { coarseMethods } from "../../../coarse/index.ts";
import { keysOf } from "../../../keys-of.ts";
import { grouped } from "../../../run/settings/meta.ts";
import { settingsOfMethods, withoutBaseline } from "./method-settings.ts";

/** Saliency map to coarse mask. */
export const CoarseSettings = z.strictObject(
  grouped("Coarse mask", {
    coarseMethod: z
      .enum(keysOf(coarseMethods))
      .default("kmeans")
      .describe("how the saliency map is split into foreground and background")
      .meta(withoutBaseline),
    ...settingsOfMethods(coarseMethods, "coarseMethod"),
    keep: z.number().int().positive().default(1).describe("number of largest components to keep"),
    minArea: z.number().int().nonnegative().default(0).describe("components with fewer pixels are dropped first"),
    minSaliency: z.number().min(0).max(1).default(0).describe("components of lower mean saliency are dropped first").meta(withoutBaseline),
  }),
);
export type CoarseSettings = z.infer<typeof CoarseSettings>;
