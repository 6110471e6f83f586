import { join } from "node:path";

/** The checkpoint from which a training resumes. */
export const lastCheckpoint = (out: string): string => join(out, "checkpoints", "last.safetensors");
/** The checkpoint of the best epoch. */
export const bestCheckpoint = (out: string): string => join(out, "checkpoints", "best.safetensors");
/** The exported model of the best epoch. */
export const modelFolder = (out: string): string => join(out, "model");
/** One JSON object per step or epoch. */
export const metricsFile = (out: string): string => join(out, "metrics.jsonl");
