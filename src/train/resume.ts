import { existsSync } from "node:fs";
import { ConfigError, MedclipSamError } from "../errors.ts";
import { bestCheckpoint, lastCheckpoint, modelFolder } from "./folder.ts";
import type { LoopSettings } from "./loop-settings.ts";
import type { Scores } from "./metrics.ts";
import type { StepSettings } from "./optimiser-settings.ts";
import type { Trainer } from "./trainer.ts";

/** Progress of a training, apart from the state of the trainer. Plain JSON, stored in checkpoints. */
export interface LoopPosition {
  /** Finished epochs. */
  readonly epochs: number;
  /** Position of the next batch in the current epoch. */
  readonly position: number;
  /**
   * Epochs are counted from 1; 0 is the model before training, which stays the best until an epoch is better. Without a validation set the
   * best epoch is the last one, and has no scores.
   */
  readonly best: { readonly epoch: number; readonly scores: Scores | null } | null;
  /** Scores of the last finished epoch; null without any. */
  readonly scores?: Scores | null;
  /** Epochs since the best one. */
  readonly bad: number;
  readonly isStopped: boolean;
}

/** Content of a training checkpoint beside the state of the trainer. */
export interface Saved {
  readonly position: LoopPosition;
  /** Identifies the training: hash of settings, weights and data. */
  readonly fingerprint: string | undefined;
}

/**
 * Restores a trainer from a checkpoint.
 *
 * @throws WeightsError, ConfigError when the checkpoint is damaged, missing or of another training
 */
export async function loadPosition(trainer: Trainer<StepSettings>, file: string, fingerprint: string | undefined): Promise<LoopPosition> {
  if (!existsSync(file)) throw new ConfigError(`"${file}", the checkpoint of this training, does not exist.`);
  const saved = (await trainer.load(file)) as Saved;
  if (saved.fingerprint !== fingerprint)
    throw new ConfigError(`"${file}" belongs to another training, with other settings, weights or data.`);
  return saved.position;
}

/**
 * Restores a trainer from the last or best checkpoint of a folder.
 *
 * @returns undefined if the folder has no checkpoint
 * @throws WeightsError, ConfigError when the checkpoint is damaged, missing or of another training; the message says what can be done instead
 */
export async function resume(
  trainer: Trainer<StepSettings>,
  out: string,
  from: LoopSettings["resume"],
  fingerprint: string | undefined,
): Promise<LoopPosition | undefined> {
  const files = { last: lastCheckpoint(out), best: bestCheckpoint(out) };
  if (!existsSync(files.last) && !existsSync(files.best)) return undefined;
  try {
    return await loadPosition(trainer, files[from], fingerprint);
  } catch (cause) {
    if (!(cause instanceof MedclipSamError) || cause.code === "cancelled") throw cause;
    throw new MedclipSamError(cause.code, `${cause.message} ${await waysOn()}`, { cause });
  }

  async function waysOn(): Promise<string> {
    const anew = "--overwrite starts over";
    if (from === "best") return `Choose --resume last, or ${anew}.`;
    try {
      const { epochs } = await loadPosition(trainer, files.best, fingerprint);
      const where = epochs === 0 ? "before training" : `epoch ${epochs}, step ${trainer.steps}`;
      return `Resume from "${files.best}" (${where}) with --resume best; ${anew}.`;
    } catch {
      const model = existsSync(modelFolder(out))
        ? ` "${modelFolder(out)}" holds the best model so far: copy it first if you want to keep it.`
        : "";
      return `"${files.best}" cannot be used either: ${anew}.${model}`;
    }
  }
}
