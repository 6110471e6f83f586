import { z } from "zod";
import { modalities } from "../../phantom/phantom.ts";
import { grouped } from "../../run/settings/meta.ts";

/** `medclip-sam phantom`. */
export const PhantomSettings = z.strictObject(
  grouped("Input", {
    out: z
      .string()
      .describe("folder for the images, masks, captions, prompts and the vocabulary")
      .meta({ group: "Output", placeholder: "DIR", neutral: true }),
    count: z.number().int().positive().default(100).describe("images of each modality"),
    seed: z.number().int().nonnegative().default(42).describe("seed of images and texts"),
    size: z.number().int().min(64).max(1024).default(256).describe("width and height in pixels").meta({ unit: "px" }),
    modalities: z
      .array(z.enum(modalities))
      .min(1)
      .default([...modalities])
      .describe("modalities to draw; default: all"),
    start: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("index of the first image of each modality: other indices give other images, so that sets of one seed do not overlap"),
    volume: z
      .boolean()
      .default(false)
      .describe("draw volumes (NIfTI) instead of pictures, of chest CT and brain MRI, the only modalities that have them"),
    slices: z
      .number()
      .int()
      .min(2)
      .max(1000)
      .default(48)
      .describe("slices of each volume; they cover the whole chest or head, so that more slices are thinner")
      .meta({ needs: [{ volume: [true] }] }),
    overwrite: z.boolean().default(false).describe("replace images that other settings made").meta({ group: "Output", neutral: true }),
  }),
);
export type PhantomSettings = z.infer<typeof PhantomSettings>;
