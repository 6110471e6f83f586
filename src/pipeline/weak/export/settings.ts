import { z } from "zod";
import { grouped } from "../../../run/settings/meta.ts";
import { WeakPredictSettings } from "../predict/settings.ts";

const { model, folds, checkpoint } = WeakPredictSettings.shape;

/** `medclip-sam weak export`. */
export const WeakExportSettings = z.strictObject({
  ...grouped("Input", { model, folds, checkpoint }),
  ...grouped("Output", {
    out: z.string().describe("folder for model.onnx and its model card").meta({ placeholder: "DIR" }),
    overwrite: z.boolean().default(false).describe("replace files that are there"),
  }),
});
export type WeakExportSettings = z.infer<typeof WeakExportSettings>;
