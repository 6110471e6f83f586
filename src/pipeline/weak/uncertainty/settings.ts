import { z } from "zod";
import { type Condition, grouped } from "../../../run/settings/meta.ts";
import { CommonSettings, modes } from "../../settings.ts";
import { WeakPredictSettings } from "../predict/settings.ts";

const {
  mode: _,
  model: __,
  images,
  step,
  out,
  dryRun,
  probabilities,
  ...others
} = WeakPredictSettings.omit({ folds: true, checkpoint: true, mirror: true }).shape;

const fitted: readonly Condition[] = [{ validationImages: "given" }];

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
      .meta({ placeholder: "DIR", mustExist: true, neutral: true }),
    validationImages: z
      .string()
      .optional()
      .describe(
        "folder of validation images, on which no weights were trained: a temperature and the range of the DSC of a new image are fitted on them",
      )
      .meta({ placeholder: "DIR", mustExist: true, neutral: true }),
    validationLabels: z
      .string()
      .optional()
      .describe("folder of the true label maps of the validation images")
      .meta({ placeholder: "DIR", mustExist: true, neutral: true }),
    coverage: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.9)
      .describe("share of new images whose DSC lies in its range, at least; 0.9 needs 18 validation images")
      .meta({ neutral: true, needs: fitted }),
    seed: CommonSettings.shape.seed
      .describe("seed by which validation images are halved: one half predicts the DSC, the other says how far it may be off")
      .meta({ neutral: true, needs: fitted }),
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
  ...grouped("Output", {
    probabilities: probabilities.describe(
      "write NAME.npz with the mean's probabilities, and NAME.json about them; with validation images calibrated/NAME.npz, too, with the temperature",
    ),
    out,
    dryRun,
  }),
  ...others,
});
export type WeakUncertaintySettings = z.infer<typeof WeakUncertaintySettings>;
