import { z } from "zod";
import { keysOf } from "../../keys-of.ts";
import { contrastiveLosses } from "../../losses/index.ts";
import { type Condition, grouped } from "../../run/settings/meta.ts";
import { loraTargets } from "../lora.ts";
import { OptimiserSettings } from "../optimiser-settings.ts";

const withRegions: readonly Condition[] = [{ regions: "given" }];
const withLora: readonly Condition[] = [{ loraRank: "given" }];

/** Settings of CLIP fine-tuning on image-caption pairs. Defaults follow the paper where it states them. */
export const ContrastiveSettings = z.strictObject(
  grouped("Loss", {
    loss: z.enum(keysOf(contrastiveLosses)).default("dhn-nce").describe("contrastive loss"),
    temperature: z
      .number()
      .positive()
      .optional()
      .describe("τ, divides the cosine similarities; default 0.6, or that of the model if it is learned"),
    learnTemperature: z.boolean().default(false).describe("learn τ as exp(-logit_scale), clamped to [0.01, 1]"),
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
      .describe("treat the weights of negatives as constants in the gradient")
      .meta({ needs: [{ loss: ["dhn-nce", "hn-nce"] }] }),

    regionWeight: z
      .number()
      .nonnegative()
      .default(0)
      .describe("weight of the multi-label classification loss on outlined images")
      .meta({ needs: withRegions }),
    denseWeight: z
      .number()
      .nonnegative()
      .default(0)
      .describe("weight of the dense loss per patch on outlined images")
      .meta({ needs: withRegions }),
    diceWeight: z
      .number()
      .nonnegative()
      .default(0)
      .describe("weight of the Dice loss over the same patches, for the outlined structures that an image shows")
      .meta({ needs: withRegions }),
    presenceWeight: z
      .number()
      .nonnegative()
      .default(0)
      .describe("weight of the classification loss on the largest value of each map: whether the image shows the structure at all")
      .meta({ needs: withRegions }),
    noisedWeight: z
      .number()
      .nonnegative()
      .default(0)
      .describe("weight of the classification loss on images that noise replaces except for a part, as in an information bottleneck")
      .meta({ needs: withRegions }),
    regionScale: z
      .number()
      .positive()
      .default(10)
      .describe("factor of the cosine similarities in these losses: 1 / τ")
      .meta({ needs: withRegions }),
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
      .describe("pairs per pass through the towers; larger batches use cached gradients")
      .meta({ group: "Machine" }),
    freezeVision: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("number of frozen blocks of the image tower, from the first")
      .meta({ group: "Training" }),
    freezeText: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("number of frozen layers of the text tower, from the first")
      .meta({ group: "Training" }),
    freeze: z
      .array(z.string())
      .default([])
      .describe('names of frozen tensors; "*" matches any characters')
      .meta({ group: "Training", placeholder: "NAME" }),
    loraRank: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("rank of LoRA adapters, which are then the only trainable parameters; 0: no LoRA")
      .meta({ group: "Training" }),
    loraAlpha: z
      .number()
      .positive()
      .default(8)
      .describe("scale of LoRA: adapters are multiplied by alpha / rank")
      .meta({ group: "Training", needs: withLora }),
    loraTargets: z
      .array(z.enum(loraTargets))
      .default(["query", "value"])
      .describe("projections with an adapter")
      .meta({ group: "Training", needs: withLora }),

    precision: z
      .enum(["float32", "mixed"])
      .default("float32")
      .describe("numeric precision; mixed needs a device with half-precision kernels")
      .meta({ group: "Machine" }),
    seed: z.number().int().default(42).describe("seed of the LoRA initialisation"),
  }),
);
export type ContrastiveSettings = z.infer<typeof ContrastiveSettings>;

/** Whether a loss reads the features of patches, or those of the convolutional branch. */
export function readsDenseFeatures(weights: Pick<ContrastiveSettings, "denseWeight" | "diceWeight" | "presenceWeight">): boolean {
  return weights.denseWeight + weights.diceWeight + weights.presenceWeight > 0;
}
