import { z } from "zod";
import { keysOf } from "../../../keys-of.ts";
import { samPrecisions, samVariantNames } from "../../../models/sam/index.ts";
import { type Condition, grouped } from "../../../run/settings/meta.ts";
import { voteRules } from "../../../segment/index.ts";
import { pointRules } from "../../../visual-prompts/index.ts";
import { pack } from "../../settings.ts";

/** For settings that concern point prompts. */
export const withPoints: readonly Condition[] = [{ visualPrompt: ["points", "both"] }];

/** Image and coarse mask to mask. */
export const RefineSettings = z.strictObject(
  grouped("SAM", {
    pack,
    sam: z
      .string()
      .optional()
      .describe("SAM model: folder, checkpoint file or name")
      .meta({ group: "Input", placeholder: "MODEL", neutral: true }),
    visualPrompt: z.enum(["box", "points", "both"]).default("box").describe("visual prompt given to SAM"),
    points: z.number().int().positive().default(10).describe("number of points on the coarse mask").meta({ needs: withPoints }),
    negativePoints: z.number().int().nonnegative().default(0).describe("number of points off the coarse mask").meta({ needs: withPoints }),
    perComponent: z
      .boolean()
      .default(false)
      .describe("one box per component instead of one around all")
      .meta({ needs: [{ visualPrompt: ["box", "both"] }] }),
    maskPrompt: z
      .boolean()
      .default(false)
      .describe(
        "also give SAM the coarse mask as a mask prompt; for models that were trained with such prompts (finetune-sam --mask-share)",
      ),
    empty: z
      .enum(["mask", "box"])
      .optional()
      .describe(
        "for an empty coarse mask: return an empty mask, or prompt with a box around the image (default: mask in paper mode, box in reference mode)",
      ),
    multimask: z
      .enum(["none", "best", ...keysOf(voteRules)])
      .default("none")
      .describe(
        "how SAM's three candidate masks (multimask output) are merged; none: single-mask output; best: the one of the highest score, as SAM-Med2D does",
      ),
    augmentPoints: z
      .enum(["none", ...keysOf(pointRules)])
      .default("none")
      .describe(
        "prompt a second time with points on the first mask (SAMAug): where its surroundings differ most in entropy, farthest from the other points, or at random",
      ),
    augmentCount: z
      .number()
      .int()
      .positive()
      .default(1)
      .describe("number of these points")
      .meta({ needs: [{ augmentPoints: keysOf(pointRules) }] }),
    samVariant: z
      .enum(["auto", ...samVariantNames])
      .default("auto")
      .describe(
        "how images become the input of the SAM model; auto: by the names of its tensors, its repository and its file (MedSAM has SAM's tensors, so only its name tells it)",
      )
      .meta({ neutral: true }),
    samPrecision: z
      .enum(samPrecisions)
      .default("float32")
      .describe("int8 encodes images in about 0.6 of the time; its error in masks has not been measured with trained weights"),
    cache: z
      .string()
      .optional()
      .describe("folder for a cache of SAM's image embeddings, 4 MB per image: later runs on the same image skip the encoder")
      .meta({ group: "Machine", placeholder: "DIR", neutral: true }),
  }),
);
export type RefineSettings = z.infer<typeof RefineSettings>;
