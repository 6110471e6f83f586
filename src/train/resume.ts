import { existsSync } from "node:fs";
import { ConfigError, MedclipSamError } from "../errors.ts";
import { bestCheckpoint, lastCheckpoint, modelFolder } from "./folder.ts";
import type { LoopSettings } from "./loop-settings.ts";
import type { Scores } from "./metrics.ts";
import type { OptimiserSettings } from "./optimiser-settings.ts";
import type { Trainer } from "./trainer.ts";

/** Where a training stands; what the trainer itself does not know. Plain JSON, kept in its checkpoints. */
export interface LoopPosition {
  /** Epochs that are finished. */
  readonly epochs: number;
  /** Where the next batch of the current epoch is looked for. */
  readonly position: number;
  /**
   * Epochs are counted from 1; 0 is the model before training, which stays the best until an epoch is better. Where nothing is held out the
   * best epoch is the last one, and has no scores.
   */
  readonly best: { readonly epoch: number; readonly scores: Scores | null } | null;
  /** Epochs since the best one. */
  readonly bad: number;
  readonly isStopped: boolean;
}

/** What a training's checkpoints hold beside what the trainer knows. */
export interface Saved {
  readonly position: LoopPosition;
  /** Tells trainings apart: settings, weights and data. */
  readonly fingerprint: string | undefined;
}

/**
 * Brings a trainer to where the training of a folder stands.
 *
 * @returns undefined where the folder has no checkpoint
 * @throws WeightsError, ConfigError when the checkpoint is damaged, missing or of another training; the message says what can be done instead
 */
export async function resume(
  trainer: Trainer<OptimiserSettings>,
  out: string,
  from: LoopSettings["resume"],
  fingerprint: string | undefined,
): Promise<LoopPosition | undefined> {
  const files = { last: lastCheckpoint(out), best: bestCheckpoint(out) };
  if (!existsSync(files.last) && !existsSync(files.best)) return undefined;
  try {
    return await positionIn(files[from]);
  } catch (cause) {
    if (!(cause instanceof MedclipSamError) || cause.code === "cancelled") throw cause;
    throw new MedclipSamError(cause.code, `${cause.message} ${await waysOn()}`, { cause });
  }

  async function positionIn(file: string): Promise<LoopPosition> {
    if (!existsSync(file)) throw new ConfigError(`"${file}", the checkpoint of this training, is not there.`);
    const saved = (await trainer.load(file)) as Saved;
    if (saved.fingerprint !== fingerprint)
      throw new ConfigError(`"${file}" belongs to another training: with other settings, weights or data.`);
    return saved.position;
  }

  async function waysOn(): Promise<string> {
    const anew = "--overwrite begins anew";
    if (from === "best") return `Choose --resume last, or ${anew}.`;
    try {
      const { epochs } = await positionIn(files.best);
      const where = epochs === 0 ? "before training" : `epoch ${epochs}, step ${trainer.steps}`;
      return `Go on from "${files.best}" (${where}) with --resume best; ${anew}.`;
    } catch {
      const model = existsSync(modelFolder(out))
        ? ` "${modelFolder(out)}" holds the best model so far: copy it first if you want to keep it.`
        : "";
      return `"${files.best}" cannot be used either: ${anew}.${model}`;
    }
  }
}
