import { z } from "zod";
import { grouped } from "../../../run/settings/meta.ts";
import { modes } from "../../settings.ts";
import { WeakPredictSettings } from "../predict/settings.ts";

const {
  mode: _,
  model: __,
  images,
  step,
  out,
  ...others
} = WeakPredictSettings.omit({ folds: true, checkpoint: true, mirror: true, probabilities: true }).shape;

/** `medclip-sam weak uncertainty`. */
export const WeakUncertaintySettings = z.strictObject({
  ...grouped("Input", {
    model: z
      .array(z.string())
      .min(1)
      .describe(
        "output folder of `weak train`, whose kept checkpoints are the members; several folders: one member each, such as other seeds",
      )
      .meta({ placeholder: "DIR", mustExist: true, neutral: true }),
    images,
    labels: z
      .string()
      .optional()
      .describe(
        "folder of true label maps, named as the images: how well the scores find the failures, and how far the probabilities can be believed",
      )
      .meta({ placeholder: "DIR", mustExist: true }),
    members: z
      .enum(["checkpoints", "models", "mirrors"])
      .optional()
      .describe(
        "what the members of the ensemble are (default: checkpoints of one folder, models of several); mirrors: mirrored inputs of one network",
      ),
    meanOf: z.enum(["probabilities", "logits"]).default("probabilities").describe("what is averaged over the members"),
    threshold: z
      .number()
      .min(0)
      .lt(1)
      .optional()
      .describe(
        "probability above which a pixel is foreground (default: 0.5; 0.2 in reference mode, where it was chosen for breast tumours)",
      ),
    mode: z.enum(modes).default("paper").describe("paper: scores as the paper means them; reference: threshold of the released tool"),
    step,
  }),
  ...grouped("Output", { out }),
  ...others,
});
export type WeakUncertaintySettings = z.infer<typeof WeakUncertaintySettings>;
