import { streamThenDispose } from "../../then-dispose.ts";
import { modelFolder } from "../folder.ts";
import { type LoopEvent, type LoopOptions, type Training, trainingLoop } from "../loop.ts";
import type { Scores } from "../metrics.ts";
import type { BatchPlan, CaseSets, PatchBatch } from "./batches.ts";
import type { Cases } from "./case-source.ts";
import { keptEpochs, keptName } from "./kept-epochs.ts";
import { BatchLoader } from "./loader.ts";
import { addCounts, diceOf, type HardCounts, movingAverage, pseudoDice } from "./pseudo-dice.ts";
import type { SupervisedTrainer } from "./trainer.ts";

export interface TrainSupervisedOptions extends LoopOptions {
  readonly stepsPerEpoch: number;
  /** Batches of the validation set that are scored after each epoch. */
  readonly validationSteps: number;
  readonly seed: number;
  /** Channels that are 0 outside of what the image shows, see `BatchPlan`; default none. */
  readonly maskedChannels?: readonly boolean[] | undefined;
  /** Names of the foreground classes or regions, for the scores of each. */
  readonly classNames: readonly string[];
  /** Threads that make batches, see `LoaderOptions`. */
  readonly workers?: number | undefined;
}

/**
 * Trains a segmentation network, see `trainingLoop`. `model/` gets nnU-Net's checkpoints of it:
 *
 * - `checkpoint_best`: of the highest moving average of the pseudo-Dice on the validation set. Without a validation set (nnU-Net's fold "all")
 *   it is the last model; nnU-Net would choose it on the training cases themselves
 * - `checkpoint_<epoch>`, counted from 0: those that `keep` of the settings asks for, see `keptEpochs`
 * - `checkpoint_final`: the last model, when the training is over
 *
 * @throws ConfigError when the checkpoint was made with other settings, or the cycles do not divide the epochs
 * @throws InputError when the loss is not finite
 * @throws CancelledError between two steps when the signal fires
 */
export async function* trainSupervised(
  trainer: SupervisedTrainer,
  cases: CaseSets<Cases>,
  options: TrainSupervisedOptions,
): AsyncGenerator<LoopEvent> {
  const loader = BatchLoader.open(cases, batchPlanOf(trainer, options), {
    ...options,
    validationSteps: cases.validation ? options.validationSteps : 0,
  });
  yield* streamThenDispose(async function* () {
    yield* trainingLoop(supervisedTraining(trainer, loader, cases, options), options);
    await trainer.exportTo(modelFolder(options.out), "checkpoint_final");
  }, loader);
}

function batchPlanOf({ plan, settings, targetStrides }: SupervisedTrainer, { seed, maskedChannels }: TrainSupervisedOptions): BatchPlan {
  const { batch, patch, network } = plan;
  const channels = network.inputChannels;
  return {
    seed,
    batch,
    channels,
    patch,
    targetStrides,
    mode: settings.mode,
    maskedChannels: maskedChannels ?? new Array(channels).fill(false),
  };
}

function supervisedTraining(
  trainer: SupervisedTrainer,
  loader: BatchLoader,
  { validation }: CaseSets<Cases>,
  options: TrainSupervisedOptions,
): Training<PatchBatch> {
  const { out, epochs, stepsPerEpoch, validationSteps, classNames } = options;
  const { cycles, keep: rule, mode } = trainer.settings;
  const kept = new Set(keptEpochs({ epochs, cycles, rule, mode }));
  return {
    trainer,
    unit: "sample",
    chosenBy: "pseudo_dice_average",
    isFromScratch: true,
    async *batches(epoch, from) {
      for (let step = from; step < stepsPerEpoch; step++) {
        const batch = await loader.training(epoch, step);
        yield { batch, size: batch.names.length, position: step + 1, dropped: [] };
      }
    },
    async step(batch) {
      return { ...(await trainer.step(batch)) };
    },
    score:
      validation &&
      (async (after, before) => {
        let loss = 0;
        let counts: readonly HardCounts[] = [];
        for (let index = 0; index < validationSteps; index++) {
          const scored = await trainer.score(await loader.validation(after - 1, index));
          loss += scored.loss / validationSteps;
          counts = addCounts(counts, scored.counts);
        }
        return { scores: scoresOf(loss, counts, before, classNames), dropped: [] };
      }),
    async keep(epoch) {
      if (kept.has(epoch - 1)) await trainer.exportTo(modelFolder(out), keptName(epoch - 1));
    },
    emptiness: "no training step was run",
  };
}

function scoresOf(loss: number, counts: readonly HardCounts[], before: Scores | null, classNames: readonly string[]): Scores {
  const mean = pseudoDice(counts);
  const ofClasses = counts.map((one, k): [string, number] => [`pseudo_dice_${classNames[k]}`, diceOf(one) ?? 1]);
  return {
    loss,
    pseudo_dice: mean,
    pseudo_dice_average: movingAverage(before?.pseudo_dice_average, mean),
    ...(counts.length > 1 && Object.fromEntries(ofClasses)),
  };
}
