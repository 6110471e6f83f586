import { z } from "zod";
import { grouped } from "../run/settings/meta.ts";

/** What every training loop is told beside its length. */
export const LoopSettings = z.strictObject(
  grouped("Training", {
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
