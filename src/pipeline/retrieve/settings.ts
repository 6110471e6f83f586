import { z } from "zod";
import { grouped } from "../../run/settings/meta.ts";
import { CommonSettings, dryRun, PairSettings } from "../settings.ts";
import { SaliencySettings } from "../zero-shot/settings/saliency.ts";

/** `medclip-sam retrieve`. */
export const RetrieveSettings = z.strictObject(
  grouped("Scores", {
    ...PairSettings.shape,
    ...CommonSettings.pick({ mode: true, device: true, threads: true }).shape,
    ...SaliencySettings.pick({ clip: true, clipConfig: true }).shape,
    pack: SaliencySettings.shape.pack.meta({ needs: [{ clip: "absent" }] }),
    seed: CommonSettings.shape.seed.describe("seed of the shuffles"),
    batch: z.number().int().min(2).default(50).describe("candidates per query in the paper's protocol"),
    shuffles: z.number().int().positive().default(5).describe("number of random partitions into batches"),
    keepPartial: z.boolean().default(false).describe("also use an incomplete last batch"),
    dryRun,
    json: z.string().optional().describe("write the scores to this file").meta({ group: "Output", placeholder: "FILE" }),
  }),
);
export type RetrieveSettings = z.infer<typeof RetrieveSettings>;
