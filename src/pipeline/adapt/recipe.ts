import { FinetuneSettings } from "../finetune/settings.ts";
import { FinetuneSamSettings } from "../finetune-sam/settings.ts";
import type { AdaptSettings } from "./settings.ts";

/** Images a step of the CLIP model. */
export const clipBatch = 16;

/** Steps between checkpoints: a minute of work at most is lost when a training is killed. */
const usualCheckpoints = 50;

/** A training from a model into a folder. */
interface Places {
  readonly model: string;
  readonly out: string;
}

/** Tables and folders of the data of the CLIP model. */
export interface ClipTables {
  readonly pairs: string;
  readonly regions: string;
  /** Folder of the images in the tables. */
  readonly images: string;
}

/** Passes over so many pairs that make the steps that are asked for, or a few more. */
export function clipLength(pairs: number, asked: number): { readonly epochs: number; readonly steps: number } {
  const perEpoch = Math.floor(pairs / clipBatch);
  const epochs = Math.ceil(asked / perEpoch);
  return { epochs, steps: epochs * perEpoch };
}

/**
 * How the CLIP model is trained: as the packs with outlined images (`scripts/starter/recipe.ts`), at a lower learning rate. It sees no held-out image, so no part
 * of its pairs is a validation set.
 */
export function clipTraining(settings: AdaptSettings, tables: ClipTables, epochs: number, { model, out }: Places): FinetuneSettings {
  const { augment, clipLr: lr, clipSteps, workers } = settings;
  const { pairs, regions, images } = tables;
  return FinetuneSettings.parse({
    ...common(settings),
    ...{ pairs: [pairs], regions, images, clip: model, out, ...(workers !== undefined && { workers }) },
    ...{ captions: "reference", validation: 0, epochs, batch: clipBatch, chunk: clipBatch },
    ...{ lr, schedule: "cosine", warmup: warmupOf(clipSteps), clipNorm: 5, weightDecay: 0.05 },
    ...{
      loss: "dhn-nce",
      temperature: 0.3,
      regionWeight: 5,
      regionScale: 10,
      regionBias: -3,
      denseWeight: 20,
      diceWeight: 2,
      presenceWeight: 10,
    },
    ...{ augment, emptyCrops: augment === "none" ? 0 : 0.2 },
  });
}

/** How the SAM model is trained: all of it, from boxes and coarse masks as the pipeline makes them. @param targets - table of images and masks */
export function samTraining(settings: AdaptSettings, targets: string, { model, out }: Places): FinetuneSamSettings {
  const { augment, samLr: lr, samSteps: steps } = settings;
  return FinetuneSamSettings.parse({
    ...common(settings),
    ...{ data: targets, sam: model, out, validation: 0, steps, epochSteps: steps, batch: 8, prompts: 4 },
    ...{
      lr,
      schedule: "cosine",
      warmup: warmupOf(steps),
      clipNorm: 5,
      loss: "medsam",
      trainEncoder: true,
      trainPromptEncoder: true,
      augment,
    },
    ...{ boxShare: 0.7, bothShare: 0.2, maxJitter: 60, coarseShare: 0.5, distortedShare: 0.5, maskShare: 0.8 },
  });
}

const warmupOf = (steps: number): number => Math.min(20, Math.ceil(steps / 10));

const common = ({ device, threads, seed, checkpointEvery = usualCheckpoints }: AdaptSettings) => ({
  ...{ device, seed, checkpointEvery },
  ...(threads !== undefined && { threads }),
});
