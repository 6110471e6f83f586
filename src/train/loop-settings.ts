import { z } from "zod";
import { grouped } from "../run/settings/meta.ts";

/** What every training is told beside its length: where its files go, when it ends early, how it goes on. */
export const LoopSettings = z.strictObject(
  grouped("Training", {
    out: z
      .string()
      .describe("folder for checkpoints, metrics, report and model")
      .meta({ group: "Output", placeholder: "DIR", neutral: true }),
    overwrite: z.boolean().default(false).describe("begin anew where the folder holds a training").meta({ group: "Output", neutral: true }),
    dryRun: z
      .boolean()
      .default(false)
      .describe("say what would be done, and how long it would take")
      .meta({ group: "Output", neutral: true }),
    earlyStop: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("stop after so many epochs without a better score on held-out data (default: never)")
      .meta({ unit: "epochs", needs: [{ validation: "given" }] }),
    checkpointEvery: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("steps between checkpoints (default: each epoch and every 10 minutes)")
      .meta({ unit: "steps", neutral: true }),
    resume: z
      .enum(["last", "best"])
      .default("last")
      .describe("checkpoint from which a training in the same folder goes on")
      .meta({ neutral: true }),
  }),
);
export type LoopSettings = z.infer<typeof LoopSettings>;
