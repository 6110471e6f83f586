import { z } from "zod";
import { modelKinds } from "../../hub/registry.ts";
import { grouped } from "../../run/settings/meta.ts";

/** `medclip-sam models pull`. */
export const ModelsPullSettings = z.strictObject({
  ...grouped("Input", {
    models: z.array(z.string()).min(1).describe("short names (see `models list`), or owner/repository on the Hugging Face hub"),
    revision: z.string().optional().describe("branch, tag or commit (default: main)").meta({ placeholder: "REV" }),
    kind: z.enum(modelKinds).optional().describe("what a repository without a short name holds"),
    acceptChanged: z.boolean().default(false).describe("take files that differ from those of the first download, and pin them instead"),
  }),
  ...grouped("Output", {
    dryRun: z.boolean().default(false).describe("say what would be downloaded, without doing it").meta({ neutral: true }),
  }),
  ...grouped("Machine", {
    timeout: z
      .number()
      .positive()
      .max(86_400)
      .default(30)
      .describe("longest silence of the server before the request is repeated")
      .meta({ unit: "seconds", neutral: true }),
    retries: z
      .number()
      .int()
      .nonnegative()
      .default(5)
      .describe("how often in a row a request that brings nothing is repeated")
      .meta({ neutral: true }),
    retryPause: z
      .number()
      .nonnegative()
      .max(60)
      .default(0.5)
      .describe("pause before the first repetition; each further one is twice as long, up to a minute")
      .meta({ unit: "seconds", neutral: true }),
  }),
});
export type ModelsPullSettings = z.infer<typeof ModelsPullSettings>;
