import { z } from "zod";
import { contrastiveLosses } from "../losses/index.ts";
import { loraTargets } from "./lora.ts";
import { OptimiserSettings } from "./optimiser-settings.ts";

const names = <T extends Record<string, unknown>>(table: T) => Object.keys(table) as [keyof T & string, ...(keyof T & string)[]];

/** How a CLIP model is fine-tuned on pairs. Defaults are those of the paper where it states them. */
export const ContrastiveSettings = z.strictObject({
  loss: z.enum(names(contrastiveLosses)).default("dhn-nce").describe("contrastive loss"),
  temperature: z.number().positive().optional().describe("τ, divides the cosines; default 0.6, or that of the model where it is learned"),
  learnTemperature: z.boolean().default(false).describe("learn τ as exp(-logit_scale), held between 0.01 and 1"),
  alpha: z.number().nonnegative().default(0).describe("α, weight of the positive pair in the denominator"),
  beta1: z.number().nonnegative().default(0.15).describe("β₁, how strongly close images count as negatives"),
  beta2: z.number().nonnegative().default(0.15).describe("β₂, how strongly close texts count as negatives"),
  detachWeights: z.boolean().default(false).describe("hold the weights of negatives constant in the gradient"),

  regionWeight: z.number().nonnegative().default(0).describe("weight of the question what an image shows, where it is outlined"),
  denseWeight: z.number().nonnegative().default(0).describe("weight of the question where it shows it, patch by patch"),
  noisedWeight: z
    .number()
    .nonnegative()
    .default(0)
    .describe("weight of the first question about images of which noise leaves a part alone, as an information bottleneck does"),
  regionScale: z.number().positive().default(10).describe("factor of the cosines in these questions: 1 / τ"),
  regionBias: z.number().default(0).describe("added to their logits; negative where outlined structures are small or rare"),

  ...OptimiserSettings.shape,

  chunk: z.number().int().positive().default(16).describe("pairs that go through the towers at once; larger batches use cached gradients"),
  freezeVision: z.number().int().nonnegative().default(0).describe("blocks of the image tower that stay as they are, from the first"),
  freezeText: z.number().int().nonnegative().default(0).describe("layers of the text tower that stay as they are, from the first"),
  freeze: z.array(z.string()).default([]).describe('names of tensors that stay as they are; "*" stands for any characters'),
  loraRank: z.number().int().nonnegative().default(0).describe("rank of LoRA's adapters, which are then all that is trained; 0: none"),
  loraAlpha: z.number().positive().default(8).describe("strength of LoRA: adapters count alpha / rank"),
  loraTargets: z.array(z.enum(loraTargets)).default(["query", "value"]).describe("projections that get an adapter"),

  precision: z.enum(["float32", "mixed"]).default("float32").describe("mixed needs a device that computes in half precision"),
  seed: z.number().int().default(42).describe("of LoRA's start"),
});
export type ContrastiveSettings = z.infer<typeof ContrastiveSettings>;
