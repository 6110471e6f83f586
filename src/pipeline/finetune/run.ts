import { augmentPresets } from "../../augment/index.ts";
import {
  countReasons,
  defaultCrop,
  type EncodedPairs,
  encodePairs,
  loadPairs,
  type Pair,
  PairWorkers,
  type RegionSet,
  readRegions,
  reasonWords,
  sharedImages,
  splitPairs,
  splitWarnings,
} from "../../data/index.ts";
import { ConfigError } from "../../errors.ts";
import type { RunEvent } from "../../run/events.ts";
import type { WeightsRecord } from "../../run/record/record.ts";
import { recordedSettings } from "../../run/settings/effect.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { loadTokenizer } from "../../text/load-tokenizer.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { ContrastiveSettings, ContrastiveTrainer, type FineTuneOptions, fineTune } from "../../train/index.ts";
import { clipFilesOf } from "../models/model.ts";
import { fileWarnings, fitWarnings } from "../models/model-content.ts";
import { clipRecord, fileRecord, sessionOptions } from "../models/models-of-run.ts";
import { pairWarnings, sharedWarnings } from "../pair-warnings.ts";
import { modePresets } from "../settings.ts";
import { dryTraining } from "../training/estimate.ts";
import { runTraining } from "../training/run.ts";
import { FinetuneSettings } from "./settings.ts";

/**
 * `medclip-sam finetune`: fine-tunes a CLIP model on image-caption pairs.
 *
 * Pairs whose image is missing or cannot be decoded are reported and skipped. Started again in the same folder with the same settings, it
 * resumes from the last checkpoint.
 *
 * @throws ConfigError when the settings are invalid, or the folder holds a training with other settings
 */
export async function* runFinetune(given: FinetuneSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const begun = performance.now();
  const settings = withPreset(given);
  const { out, seed, batch, epochs } = settings;
  yield { type: "stage", message: "reading the pairs" };
  const set = await loadPairs(settings.pairs, settings);
  const { train, validation } = splitPairs(set.pairs, { fraction: settings.validation, seed });
  if (settings.validation > 0 && validation.length < 2)
    throw new ConfigError(
      `finetune: ${validation.length} of ${set.pairs.length} pairs are in the validation set; at least 2 are needed. Raise --validation.`,
    );
  const regions = settings.regions === undefined ? undefined : await readRegions(settings.regions, train, settings);
  const stepsPerEpoch = Math.floor(train.length / batch);
  if (stepsPerEpoch === 0)
    throw new ConfigError(`finetune: ${train.length} training pairs do not fill a batch of ${batch}. Lower --batch.`);
  const { session, device, warnings } = await sessionOptions(settings, { isTraining: true });
  for (const message of warnings) yield { type: "warning", message };
  const files = await clipFilesOf(settings.clip, settings.clipConfig);
  const length = { stepsPerEpoch, epochs };
  yield { type: "stage", message: "opening the model" };
  const trainer = await ContrastiveTrainer.open(files, ContrastiveSettings.strip().parse(settings), length, session);
  const { contextLength, text } = trainer.config;
  const tokenizer = await loadTokenizer(files.tokenizer);
  const aboutFiles = fileWarnings(files.hints, tokenizer, files.tokenizer, text);
  for (const message of [...trainer.notes, ...aboutFiles, ...fitWarnings(files.hints, "crop")]) yield { type: "warning", message };
  const workers = await PairWorkers.open({ tokenizer: files.tokenizer, contextLength, workers: settings.workers });
  const work = async function* (): AsyncGenerator<RunEvent> {
    const encoded = {
      train: await encodePairs(train, workers, settings.augment !== "none"),
      validation: await encodePairs(validation, workers),
    };
    const shared = await sharedImages(imagesOf(train), imagesOf(validation));
    const counts = {
      train: train.length,
      validation: validation.length,
      shared: shared.length,
      dropped: set.reasons,
      truncated: encoded.train.truncated + encoded.validation.truncated,
      ...(regions && { outlines: outlineCounts(regions) }),
    };
    const left = train.length % batch;
    const messages = [
      ...pairWarnings(set, { truncated: counts.truncated, contextLength, tokenizer }),
      ...splitWarnings({ train, validation }, settings.validation),
      ...sharedWarnings(shared),
      // They differ from epoch to epoch; a few are not worth a warning.
      ...(left > train.length / 10
        ? [`${left} of ${train.length} pairs, chosen at random in each epoch, do not fill a batch of ${batch} and are skipped`]
        : []),
    ];
    for (const message of messages) yield { type: "warning", message };
    for (const message of regions ? outlineWarnings(regions) : []) yield { type: "warning", message };
    if (settings.dryRun) {
      const flops = trainer.flops(batch, meanLength(encoded.train));
      yield* dryTraining(
        {
          ...{ command: "finetune", parameters: trainer.size, steps: stepsPerEpoch * epochs, epochs },
          data: `${train.length} training pairs, ${validation.length} validation pairs`,
          batch: `${batch} pairs`,
          flops: { step: flops.step, scoring: validation.length * flops.pair },
        },
        session,
      );
      return;
    }

    yield { type: "stage", message: "checking weights and pairs" };
    const content = {
      command: "finetune",
      ...recordedSettings(FinetuneSettings, { ...settings }),
      seed,
      device,
      threads: settings.threads ?? null,
      weights: await clipRecord({ clipFiles: files }),
      data: { ...(await pairFiles(settings.pairs)), ...(settings.regions && { regions: await fileRecord(settings.regions) }) },
      counts,
      stepsPerEpoch,
      trainedSize: trainer.size,
    };
    const data = { train: encoded.train, validation: validation.length > 0 ? encoded.validation : undefined, workers };
    const options = { ...optionsOf(settings), regions, session, signal };
    yield* runTraining((fingerprint) => fineTune(trainer, data, { ...options, fingerprint }), {
      ...{ content, out, overwrite: settings.overwrite, total: stepsPerEpoch * epochs, epochs, begun, trainer },
      dropped: [...set.dropped.filter(({ kind }) => kind === "input"), ...(regions?.dropped ?? [])],
    });
  };
  yield* streamThenDispose(work, workers, trainer);
}

/** Mean number of tokens per text. */
const meanLength = ({ lengths }: EncodedPairs) => Math.ceil(lengths.reduce((sum, length) => sum + length, 0) / lengths.length);

const imagesOf = (pairs: readonly Pair[]) => pairs.map(({ image }) => image);

/** Fills in the defaults that depend on the mode. */
export type FilledSettings = ReturnType<typeof withPreset>;

function withPreset(settings: FinetuneSettings) {
  const preset = modePresets[settings.mode];
  const filled = {
    ...settings,
    captions: settings.captions ?? preset.captions,
    loss: settings.loss ?? preset.loss,
    lr: settings.lr ?? preset.lr,
    batch: settings.batch ?? preset.batch,
    schedule: settings.schedule ?? preset.schedule,
    plateauThreshold: settings.plateauThreshold ?? preset.plateauThreshold,
    warmup: settings.warmup ?? preset.warmup,
    validation: settings.validation ?? preset.validation,
    regionWeight: settings.regionWeight ?? (settings.regions === undefined ? 0 : 1),
    denseWeight: settings.denseWeight ?? (settings.regions === undefined ? 0 : 1),
    maskNegatives: settings.maskNegatives ?? settings.regions !== undefined,
  };
  const { regionWeight, denseWeight, diceWeight, presenceWeight, noisedWeight } = filled;
  if (settings.regions === undefined && regionWeight + denseWeight + diceWeight + presenceWeight + noisedWeight > 0)
    throw new ConfigError(
      "finetune: --region-weight, --dense-weight, --dice-weight, --presence-weight and --noised-weight need outlined images. Pass --regions FILE.csv.",
    );
  if (filled.validation === 0 && filled.schedule === "plateau")
    throw new ConfigError(
      'finetune: the schedule "plateau" needs a validation loss, but there is no validation set. Pass --validation or another --schedule.',
    );
  if (filled.validation === 0 && filled.earlyStop !== undefined)
    throw new ConfigError("finetune: --early-stop needs a validation loss, but there is no validation set. Pass --validation.");
  return filled;
}

function optionsOf({
  out,
  epochs,
  batch,
  seed,
  mode,
  cropScale,
  augment,
  emptyCrops,
  bucketBatches,
  earlyStop,
  checkpointEvery,
  resume,
  maskNegatives,
  noisedWeight,
}: FilledSettings) {
  const crop = cropScale === 1 ? null : { ...defaultCrop, scale: [cropScale, 1] as const };
  return {
    out,
    epochs,
    batch,
    seed,
    mode,
    crop,
    ...(augment !== "none" && { augmentation: { settings: augmentPresets[augment], emptyCrops } }),
    bucketBatches,
    earlyStop,
    checkpointEvery,
    resume,
    maskNegatives,
    noised: noisedWeight > 0,
  } satisfies Omit<FineTuneOptions, "session">;
}

async function pairFiles(files: readonly string[]): Promise<Record<string, WeightsRecord>> {
  const records = await Promise.all(files.map(fileRecord));
  return Object.fromEntries(records.map((record, i) => [files.length === 1 ? "pairs" : `pairs ${i + 1}`, record]));
}

function outlineCounts({ images, dropped, empty }: RegionSet) {
  const regions = [...images.values()].reduce((sum, { length }) => sum + length, 0);
  return { regions, empty, unused: countReasons(dropped) };
}

/** Warnings about outlines that are not used, or have an empty mask. */
function outlineWarnings({ unused, dropped, empty, warnings }: RegionSet): string[] {
  const reasons = reasonWords(countReasons(dropped));
  return [
    ...(unused.length > 0 ? [`outlines not used, as no training pair has their image: ${unused.length}, such as "${unused[0]}"`] : []),
    ...(reasons !== "" ? [`outlines not used: ${reasons}`] : []),
    ...(empty > 0 ? [`outlines whose mask is empty, so they count as absent from the image: ${empty}`] : []),
    ...warnings,
  ];
}
