import { z } from "zod";
import { contrastiveLosses } from "../../losses/index.ts";
import { type Condition, grouped } from "../../run/settings/meta.ts";
import { loraTargets } from "../lora.ts";
import { OptimiserSettings } from "../optimiser-settings.ts";

const names = <T extends Record<string, unknown>>(table: T) => Object.keys(table) as [keyof T & string, ...(keyof T & string)[]];

const withRegions: readonly Condition[] = [{ regions: "given" }];
const withLora: readonly Condition[] = [{ loraRank: "given" }];

/** How a CLIP model is fine-tuned on pairs. Defaults are those of the paper where it states them. */
export const ContrastiveSettings = z.strictObject(
  grouped("Loss", {
    loss: z.enum(names(contrastiveLosses)).default("dhn-nce").describe("contrastive loss"),
    temperature: z.number().positive().optional().describe("τ, divides the cosines; default 0.6, or that of the model where it is learned"),
    learnTemperature: z.boolean().default(false).describe("learn τ as exp(-logit_scale), held between 0.01 and 1"),
    alpha: z
      .number()
      .nonnegative()
      .default(0)
      .describe("α, weight of the positive pair in the denominator")
      .meta({ needs: [{ loss: ["dhn-nce", "dhn-nce-released"] }] }),
    beta1: z
      .number()
      .nonnegative()
      .default(0.15)
      .describe("β₁, how strongly close images count as negatives")
      .meta({ needs: [{ loss: ["dhn-nce", "hn-nce", "dhn-nce-released"] }] }),
    beta2: z
      .number()
      .nonnegative()
      .default(0.15)
      .describe("β₂, how strongly close texts count as negatives")
      .meta({ needs: [{ loss: ["dhn-nce", "hn-nce", "dhn-nce-released"] }] }),
    detachWeights: z
      .boolean()
      .default(false)
      .describe("hold the weights of negatives constant in the gradient")
      .meta({ needs: [{ loss: ["dhn-nce", "hn-nce"] }] }),

    regionWeight: z
      .number()
      .nonnegative()
      .default(0)
      .describe("weight of the question what an image shows, where it is outlined")
      .meta({ needs: withRegions }),
    denseWeight: z
      .number()
      .nonnegative()
      .default(0)
      .describe("weight of the question where it shows it, patch by patch")
      .meta({ needs: withRegions }),
    noisedWeight: z
      .number()
      .nonnegative()
      .default(0)
      .describe("weight of the first question about images of which noise leaves a part alone, as an information bottleneck does")
      .meta({ needs: withRegions }),
    regionScale: z.number().positive().default(10).describe("factor of the cosines in these questions: 1 / τ").meta({ needs: withRegions }),
    regionBias: z
      .number()
      .default(0)
      .describe("added to their logits; negative where outlined structures are small or rare")
      .meta({ needs: withRegions }),

    ...OptimiserSettings.shape,

    chunk: z
      .number()
      .int()
      .positive()
      .default(16)
      .describe("pairs that go through the towers at once; larger batches use cached gradients")
      .meta({ group: "Machine" }),
    freezeVision: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("blocks of the image tower that stay as they are, from the first")
      .meta({ group: "Training" }),
    freezeText: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("layers of the text tower that stay as they are, from the first")
      .meta({ group: "Training" }),
    freeze: z
      .array(z.string())
      .default([])
      .describe('names of tensors that stay as they are; "*" stands for any characters')
      .meta({ group: "Training", placeholder: "NAME" }),
    loraRank: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("rank of LoRA's adapters, which are then all that is trained; 0: none")
      .meta({ group: "Training" }),
    loraAlpha: z
      .number()
      .positive()
      .default(8)
      .describe("strength of LoRA: adapters count alpha / rank")
      .meta({ group: "Training", needs: withLora }),
    loraTargets: z
      .array(z.enum(loraTargets))
      .default(["query", "value"])
      .describe("projections that get an adapter")
      .meta({ group: "Training", needs: withLora }),

    precision: z
      .enum(["float32", "mixed"])
      .default("float32")
      .describe("mixed needs a device that computes in half precision")
      .meta({ group: "Machine" }),
    seed: z.number().int().default(42).describe("of LoRA's start"),
  }),
);
export type ContrastiveSettings = z.infer<typeof ContrastiveSettings>;
