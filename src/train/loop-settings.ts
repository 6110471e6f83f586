import { z } from "zod";

/** What every training loop is told beside its length. */
export const LoopSettings = z.strictObject({
  checkpointEvery: z.number().int().positive().optional().describe("steps between checkpoints (default: each epoch and every 10 minutes)"),
  resume: z.enum(["last", "best"]).default("last").describe("checkpoint from which a training in the same folder goes on"),
});
export type LoopSettings = z.infer<typeof LoopSettings>;
