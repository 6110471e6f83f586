import { createHash } from "node:crypto";
import { augmentPresets } from "../../augment/index.ts";
import { countReasons, listMaskTargets, type MaskTarget, reasonWords, sharedImages, splitPairs, splitWarnings } from "../../data/index.ts";
import { ConfigError } from "../../errors.ts";
import type { RunEvent } from "../../run/events.ts";
import { recordedSettings } from "../../run/settings/effect.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { leftOutMessage, leftOutRecord } from "../../scans/left-out.ts";
import { squareSizesOf } from "../../segment/index.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { fineTunePromptable, PromptableSettings, PromptableTrainer, PromptData, PromptDrawSettings } from "../../train/index.ts";
import { samFilesOf } from "../models/model.ts";
import { samRecord, sessionOptions } from "../models/models-of-run.ts";
import { variantOf } from "../models/sam-variant.ts";
import { sharedWarnings } from "../pair-warnings.ts";
import { dryTraining } from "../training/estimate.ts";
import { runTraining } from "../training/run.ts";
import { ImageEmbeddings } from "./image-embeddings.ts";
import { FinetuneSamSettings } from "./settings.ts";

/**
 * `medclip-sam finetune-sam`: fine-tunes a SAM model on images with masks.
 *
 * Images and masks that cannot be used are reported and skipped. Started again in the same folder with the same settings, it resumes from
 * the last checkpoint.
 *
 * @throws ConfigError when the settings are invalid, or the folder holds a training with other settings
 */
export async function* runFinetuneSam(settings: FinetuneSamSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const begun = performance.now();
  const { out, seed, batch, prompts } = settings;
  checkSettings(settings);
  const { targets, unmatched, unmatchedMasks, leftOut } = await listMaskTargets(settings.data, settings);
  const aboutFolders = leftOutMessage(leftOut);
  if (aboutFolders !== undefined) yield { type: "warning", message: aboutFolders };
  for (const [what, files] of [
    ["without a mask", unmatched],
    ["masks without an image", unmatchedMasks],
  ] as const)
    if (files.length > 0) yield { type: "warning", message: `${what}, and not used: ${files.length}, such as "${files[0]}"` };
  const split = splitTargets(targets, settings);
  const shared = await sharedImages(imagesOf(split.train), imagesOf(split.validation));
  for (const message of [...split.warnings, ...sharedWarnings(shared)]) yield { type: "warning", message };
  const { session, device, warnings } = await sessionOptions(settings, { isTraining: true });
  for (const message of warnings) yield { type: "warning", message };
  const variant = variantOf(settings);
  const files = await samFilesOf(settings.sam, variant.variant);

  yield { type: "stage", message: `reading ${targets.length} masks and their images` };
  const sizing = await PromptableTrainer.configOf(files);
  const options = { ...squareSizesOf(sizing), label: settings.label, signal };
  const augmentation = settings.augment === "none" ? undefined : augmentPresets[settings.augment];
  const train = await PromptData.read(split.train, { ...options, augmentation });
  const validation = await PromptData.read(split.validation, options);
  for (const message of [...train.warnings, ...validation.warnings]) yield { type: "warning", message };
  const unused = unusedMasks([train, validation]);
  if (train.targets.length === 0) {
    const [first] = train.failed;
    throw new ConfigError(
      `finetune-sam: "${settings.data}" has no usable mask${unused === "" ? "" : ` (${unused})`}.${first ? ` The first: ${first.detail}` : ""}`,
    );
  }
  if (unused !== "") yield { type: "warning", message: `masks not used: ${unused}` };
  if (settings.validation > 0 && validation.targets.length === 0)
    throw new ConfigError("finetune-sam: the validation set would be empty. Raise --validation, or set it to 0.");
  const stepsPerEpoch = settings.epochSteps ?? Math.max(1, Math.round(train.targets.length / (batch * prompts)));
  const total = settings.steps ?? settings.epochs * stepsPerEpoch;
  const epochs = Math.ceil(total / stepsPerEpoch);

  yield { type: "stage", message: "opening the model" };
  const trainer = await PromptableTrainer.open(
    files,
    PromptableSettings.strip().parse(settings),
    { stepsPerEpoch, epochs: total / stepsPerEpoch },
    session,
  );
  for (const message of [...trainer.notes, ...(files.hints.warnings ?? [])]) yield { type: "warning", message };
  const embeddings = settings.trainEncoder
    ? undefined
    : await ImageEmbeddings.open(settings.sam, settings.cache, { ...session, ...variant });
  const work = async function* (): AsyncGenerator<RunEvent> {
    if (settings.dryRun) {
      const { step, encode } = trainer.flops(batch, prompts);
      const images = train.images.length + validation.images.length;
      yield* dryTraining(
        {
          ...{ command: "finetune-sam", parameters: trainer.size, steps: total, epochs },
          data: `${train.targets.length} training masks on ${train.images.length} images, ${validation.targets.length} validation masks`,
          batch: `${batch} images with ${prompts} prompts`,
          flops: {
            step,
            scoring: ((step / 3) * validation.targets.length) / (batch * prompts),
            ...(embeddings && { once: { what: "to encode the images once", flops: encode * images } }),
          },
        },
        session,
      );
      return;
    }
    const excess = embeddings?.excess(train.images.length) ?? 0;
    if (excess > 0)
      yield {
        type: "warning",
        message: `the embeddings of ${excess} of ${train.images.length} images do not fit in memory and are recomputed each time. Pass --cache DIR to store them.`,
      };

    yield { type: "stage", message: "checking weights and data" };
    const content = {
      command: "finetune-sam",
      ...recordedSettings(FinetuneSamSettings, { ...settings }),
      seed,
      device,
      threads: settings.threads ?? null,
      samVariant: sizing.variant,
      weights: await samRecord({ samFiles: files }),
      data: { targets: { file: settings.data, sha256: digestOf(targets) } },
      leftOut: leftOutRecord(leftOut),
      counts: {
        ...countsOf(train, validation),
        shared: shared.length,
        unmatched: unmatched.length,
        unmatchedMasks: unmatchedMasks.length,
      },
      stepsPerEpoch,
      trainedSize: trainer.size,
    };
    const data = {
      train,
      validation: validation.targets.length > 0 ? validation : undefined,
      embed: embeddings && ((part: PromptData, image: number) => embeddings.of(part, image)),
    };
    const { earlyStop, checkpointEvery, resume, balance } = settings;
    const length = { epochs, stepsPerEpoch, steps: total, batch, prompts, earlyStop, checkpointEvery };
    const draws = PromptDrawSettings.strip().parse(settings);
    const options = { out, ...length, seed, resume, signal, isBalanced: balance === "groups", draws };
    yield* runTraining((fingerprint) => fineTunePromptable(trainer, data, { ...options, fingerprint }), {
      ...{ content, out, overwrite: settings.overwrite, total, epochs, begun, trainer },
      dropped: [...train.failed, ...validation.failed],
      warnings: () => embeddings?.warnings.splice(0) ?? [],
    });
  };
  yield* streamThenDispose(work, embeddings, trainer);
}

/** Hash of a list of targets, independent of its location: a training resumes only with the same targets. File contents do not count. */
function digestOf(targets: readonly MaskTarget[]): string {
  const lines = targets.map(({ key, group, case: name, coarse }) => JSON.stringify([key, group, name, coarse !== undefined]));
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

function checkSettings(settings: FinetuneSamSettings): void {
  const { boxShare, bothShare, validation, schedule, earlyStop, batch, chunk, augment, trainEncoder } = settings;
  if (boxShare + bothShare > 1)
    throw new ConfigError(`finetune-sam: --box-share and --both-share are ${boxShare} and ${bothShare}; together they must be at most 1.`);
  if (validation === 0 && (schedule === "plateau" || earlyStop !== undefined))
    throw new ConfigError(
      'finetune-sam: the schedule "plateau" and --early-stop need validation scores, but there is no validation set. Pass --validation.',
    );
  if (augment !== "none" && !trainEncoder)
    throw new ConfigError(
      `finetune-sam: --augment ${augment} changes images from step to step, but a frozen encoder encodes each image once. Pass --train-encoder, or leave out --augment.`,
    );
  if (chunk !== undefined && batch % chunk !== 0)
    throw new ConfigError(
      `finetune-sam: a batch of ${batch} images cannot be divided into chunks of ${chunk}. Choose a --chunk that divides --batch.`,
    );
}

/** Targets of one case stay together. */
function splitTargets(targets: readonly MaskTarget[], { validation, seed }: FinetuneSamSettings) {
  const named = targets.map((target) => ({ key: target.key, group: target.case, target }));
  const parts = splitPairs(named, { fraction: validation, seed });
  const of = (part: typeof named) => part.map(({ target }) => target);
  return { train: of(parts.train), validation: of(parts.validation), warnings: splitWarnings(parts, validation) };
}

const imagesOf = (targets: readonly MaskTarget[]) => targets.map(({ image }) => ({ file: image }));

function countsOf(train: PromptData, validation: PromptData) {
  const groups = new Map<string, number>();
  for (const { group } of train.targets) groups.set(group, (groups.get(group) ?? 0) + 1);
  return {
    train: train.targets.length,
    validation: validation.targets.length,
    trainImages: train.images.length,
    validationImages: validation.images.length,
    groups: Object.fromEntries([...groups].sort(([a], [b]) => (a < b ? -1 : 1))),
    coarse: [...train.targets, ...validation.targets].filter(({ coarse }) => coarse !== undefined).length,
    empty: train.empty + validation.empty,
    unused: countReasons([...train.failed, ...validation.failed]),
  };
}

/** Number of unused masks by reason: "2 empty, 1 label image"; "" if all are used. */
function unusedMasks(parts: readonly PromptData[]): string {
  const empty = parts.reduce((sum, part) => sum + part.empty, 0);
  return reasonWords({ ...countReasons(parts.flatMap(({ failed }) => failed)), ...(empty > 0 && { empty }) });
}
