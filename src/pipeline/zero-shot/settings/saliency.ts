import { z } from "zod";
import { keysOf } from "../../../keys-of.ts";
import { grouped } from "../../../run/settings/meta.ts";
import { type MethodRow, saliencyMethods } from "../../../saliency/index.ts";
import { pack } from "../../settings.ts";
import { needsOf, settingsOfMethods, withoutBaseline } from "./method-settings.ts";

/** For settings that concern the noise of a saliency method. */
export const fromNoise = needsOf<MethodRow>("saliencyMethod", saliencyMethods, ({ drawsNoise }) => drawsNoise);

/** Image and text to saliency map. */
export const SaliencySettings = z.strictObject(
  grouped("Saliency", {
    pack,
    saliencyMethod: z
      .enum(keysOf(saliencyMethods))
      .default("m2ib")
      .describe("saliency method: m2ib as published, or one for comparison")
      .meta(withoutBaseline),
    ...settingsOfMethods(saliencyMethods, "saliencyMethod"),
    clip: z
      .string()
      .optional()
      .describe("CLIP model: folder, weights file or name")
      .meta({ group: "Input", placeholder: "MODEL", neutral: true }),
    clipConfig: z
      .string()
      .optional()
      .describe("configuration of a CLIP weights file without one beside it")
      .meta({ group: "Input", placeholder: "FILE", neutral: true }),
    fit: z.enum(["crop", "squash", "pad"]).default("crop").describe("how an image is made square for CLIP"),
    noise: z
      .string()
      .optional()
      .describe("safetensors file with a tensor `noise`, used for every input instead of seeded noise")
      .meta({ placeholder: "FILE", mustExist: true, neutral: true, ...fromNoise }),
  }),
);
export type SaliencySettings = z.infer<typeof SaliencySettings>;

/** Between saliency map and coarse mask. */
export const AffinitySettings = z.strictObject(
  grouped("Saliency", {
    samAffinity: z
      .boolean()
      .default(false)
      .describe("spread the saliency map over places that look alike to SAM, by the similarity of its image embedding")
      .meta(withoutBaseline),
  }),
);
export type AffinitySettings = z.infer<typeof AffinitySettings>;

/** Measures of the saliency map that need no ground truth. */
export const ConfidenceSettings = z.strictObject(
  grouped("Saliency", {
    confidence: z
      .boolean()
      .default(false)
      .describe(
        "measure, without ground truth, how the similarity to the text changes if the image keeps only what the map highlights; two passes of the image tower per map",
      )
      .meta(withoutBaseline),
  }),
);
export type ConfidenceSettings = z.infer<typeof ConfidenceSettings>;
