import { z } from "zod";
import { grouped } from "../run/settings/meta.ts";

/** Settings of every training beside its length: output folder, early stopping, resuming. */
export const LoopSettings = z.strictObject(
  grouped("Training", {
    out: z
      .string()
      .describe("folder for checkpoints, metrics, report and model")
      .meta({ group: "Output", placeholder: "DIR", neutral: true }),
    overwrite: z.boolean().default(false).describe("start over if the folder holds a training").meta({ group: "Output", neutral: true }),
    dryRun: z
      .boolean()
      .default(false)
      .describe("describe the run and estimate its time, without running it")
      .meta({ group: "Output", neutral: true }),
    earlyStop: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("stop after this many epochs without a better validation score (default: never)")
      .meta({ unit: "epochs", needs: [{ validation: "given" }] }),
    checkpointEvery: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("steps between checkpoints (default: after each epoch and every 10 minutes)")
      .meta({ unit: "steps", neutral: true }),
    resume: z
      .enum(["last", "best"])
      .default("last")
      .describe("checkpoint from which a training in the same folder resumes")
      .meta({ neutral: true, needs: [{ overwrite: [false] }] }),
  }),
);
export type LoopSettings = z.infer<typeof LoopSettings>;
