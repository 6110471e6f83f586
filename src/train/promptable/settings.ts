import { z } from "zod";
import { grouped, type Requirement } from "../../run/settings/meta.ts";
import { OptimiserSettings } from "../optimiser-settings.ts";

const optimiser = OptimiserSettings.shape;

const pointPrompts: Requirement = {
  words: "prompts with points (--box-share below 1)",
  holds: (boxShare) => (boxShare as number) < 1,
};

/** Settings of SAM fine-tuning on masks. Defaults follow MedSAM and the SAM paper where they state them. */
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
      .describe("for the loss sam: train the single-mask output, the three candidate masks (multimask output), or both")
      .meta({ group: "Loss", needs: [{ loss: ["sam"] }] }),
    trainEncoder: z.boolean().default(false).describe("also train the image encoder; otherwise each image is encoded once"),
    trainPromptEncoder: z.boolean().default(false).describe("also train the prompt encoder"),
    freeze: z.array(z.string()).default([]).describe('names of frozen tensors; "*" matches any characters').meta({ placeholder: "NAME" }),
    points: z
      .number()
      .int()
      .positive()
      .default(10)
      .describe("largest number of points on the target; prompts have between 1 and this many")
      .meta({ group: "Prompts in training", needs: [{ boxShare: pointPrompts }] }),
    negativePoints: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("largest number of points beside the target")
      .meta({ group: "Prompts in training", needs: [{ boxShare: pointPrompts }] }),
    maskShare: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe("fraction of the prompts from a coarse mask, real or simulated, that include it as a mask prompt, for --mask-prompt")
      .meta({ group: "Prompts in training" }),
    chunk: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("images per pass through the model, a part of the batch; determines memory (default: the whole batch)")
      .meta({ group: "Machine" }),
    ...OptimiserSettings.shape,
    lr: optimiser.lr.default(1e-4).describe("peak learning rate: 1e-4 for fine-tuning as in MedSAM, 1e-3 for small models from scratch"),
    adamBeta2: optimiser.adamBeta2.default(0.999),
    adamEpsilon: optimiser.adamEpsilon.default(1e-8),
    weightDecay: optimiser.weightDecay.default(0.01).describe("weight decay, on all trainable parameters, as in MedSAM"),
  }),
);
export type PromptableSettings = z.infer<typeof PromptableSettings>;
