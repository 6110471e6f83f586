import { z } from "zod";
import { CommonSettings } from "../settings.ts";
import { SaliencySettings } from "../zero-shot/settings/saliency.ts";

/** `medclip-sam demo`. */
export const DemoSettings = z.strictObject({
  out: z
    .string()
    .default("medclip-sam-demo")
    .describe("folder for the scans, the results and the page `index.html` that shows them")
    .meta({ group: "Output", placeholder: "DIR" }),
  seed: CommonSettings.shape.seed
    .describe(
      "seed of the synthetic scans, which a pack without scans of its own gets; the models of the pack phantom were trained on seed 1",
    )
    .meta({ group: "Input" }),
  ...CommonSettings.pick({ threads: true }).shape,
  ...SaliencySettings.pick({ pack: true }).shape,
});
