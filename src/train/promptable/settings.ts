import { z } from "zod";
import { grouped } from "../../run/settings/meta.ts";
import { OptimiserSettings } from "../optimiser-settings.ts";

const optimiser = OptimiserSettings.shape;

/** How a SAM model is fine-tuned on masks. Defaults are those of MedSAM and of SAM's paper where they state them. */
export const PromptableSettings = z.strictObject(
  grouped("Training", {
    loss: z
      .enum(["medsam", "sam"])
      .default("medsam")
      .describe(
        "medsam: Dice and cross-entropy of the one mask; sam: focal and Dice loss of the best mask, and the error of the predicted IoU",
      )
      .meta({ group: "Loss" }),
    masks: z
      .enum(["first", "candidates", "both"])
      .default("both")
      .describe("for the loss sam: whether the single answer, the three candidates for ambiguous prompts, or both learn")
      .meta({ group: "Loss", needs: [{ loss: ["sam"] }] }),
    trainEncoder: z.boolean().default(false).describe("also train the image encoder; else each image is encoded once"),
    trainPromptEncoder: z.boolean().default(false).describe("also train what the kinds of prompts mean"),
    freeze: z
      .array(z.string())
      .default([])
      .describe('names of tensors that stay as they are; "*" stands for any characters')
      .meta({ placeholder: "NAME" }),
    points: z
      .number()
      .int()
      .positive()
      .default(10)
      .describe("most points of a prompt on the target; prompts have 1 to so many")
      .meta({ group: "Prompts in training" }),
    negativePoints: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("most points of a prompt beside the target")
      .meta({ group: "Prompts in training" }),
    chunk: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("images that go through the model at once, a part of the batch: memory is theirs (default: the whole batch)")
      .meta({ group: "Machine" }),
    ...OptimiserSettings.shape,
    lr: optimiser.lr.default(1e-4).describe("highest learning rate: 1e-4 for fine-tuning as in MedSAM, 1e-3 for small models from nothing"),
    adamBeta2: optimiser.adamBeta2.default(0.999),
    adamEpsilon: optimiser.adamEpsilon.default(1e-8),
    weightDecay: optimiser.weightDecay.default(0.01).describe("on all trained arrays, as in MedSAM"),
  }),
);
export type PromptableSettings = z.infer<typeof PromptableSettings>;
