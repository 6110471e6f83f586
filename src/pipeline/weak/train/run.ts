import { createHash } from "node:crypto";
import { ConfigError, InputError } from "../../../errors.ts";
import { listed } from "../../../listed.ts";
import { openDataset, type Plans, type RawDataset, readPlans } from "../../../nnunet/index.ts";
import type { RunEvent } from "../../../run/events.ts";
import { recordedSettings } from "../../../run/settings/effect.ts";
import type { StopOptions } from "../../../run/stop-options.ts";
import { countOf } from "../../../scans/names.ts";
import { streamThenDispose } from "../../../then-dispose.ts";
import { Cases } from "../../../train/supervised/case-source.ts";
import { classNamesOf, modelFolderWriter, segmentationPlanOf } from "../../../train/supervised/model-folder.ts";
import { SupervisedSettings } from "../../../train/supervised/settings.ts";
import { trainSupervised } from "../../../train/supervised/train.ts";
import { SupervisedTrainer } from "../../../train/supervised/trainer.ts";
import { sessionOptions } from "../../models/models-of-run.ts";
import { dryTraining } from "../../training/estimate.ts";
import { runTraining } from "../../training/run.ts";
import { makePlan } from "../plan/make-plan.ts";
import { planLines } from "../plan/run.ts";
import { casesWanted, type PreparedCases, prepareCases } from "./cases.ts";
import { limitedPlan } from "./presets.ts";
import { lengthOf, WeakTrainSettings } from "./settings.ts";
import { type Fold, readSplits, splitFolds } from "./splits.ts";
import { readWeights } from "./weights.ts";

/**
 * `medclip-sam weak train`: trains a 2D nnU-Net on a data set in nnU-Net's layout, whose labels may be true masks or pseudo-labels.
 *
 *   OUT/preprocessed/   the cases as the network sees them
 *   OUT/checkpoints/    last.safetensors and best.safetensors, from which it resumes
 *   OUT/model/          model folder for `weak predict --model`, with the checkpoints kept for an ensemble: fold_X/checkpoint_<epoch>.safetensors
 *
 * Cases that cannot be used are reported and left out. Started again in the same folder with the same settings, it resumes.
 *
 * @throws ConfigError when the settings are invalid, or the folder holds a training with other settings
 * @throws InputError when the data set is incomplete, or no case can be used
 */
export async function* runWeakTrain(settings: WeakTrainSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const begun = performance.now();
  const { out, seed, fold } = settings;
  const { session, device, warnings } = await sessionOptions(settings, { isTraining: true });
  for (const message of warnings) yield { type: "warning", message };
  const dataset = await openDataset(settings.data);
  const names = dataset.cases.map(({ name }) => name);
  const weights = settings.weights === undefined ? undefined : await readWeights(settings.weights, names);
  const wanted = casesWanted(dataset, weights).map(({ name }) => name);
  if (wanted.length === 0) throw new InputError(`weak train: no case of "${settings.data}" has a weight above 0 in "${settings.weights}".`);
  const splits = settings.splits === undefined ? undefined : await readSplits(settings.splits, names);
  foldOf(settings, wanted, splits); // before the work that it would make useless
  yield { type: "stage", message: `planning for ${countOf(dataset.cases.length, "case")}` };
  const plans = await plansOf(settings, dataset, signal);
  for (const message of planLines(plans)) yield { type: "note", message };
  const length = lengthOf(settings);
  const { epochs, epochSteps, validationSteps, cycles, keep } = length;
  const plan = segmentationPlanOf(plans, dataset.labels, { isWeighted: weights !== undefined });
  const supervised = SupervisedSettings.strip().parse({ ...settings, cycles, keep });
  const trainer = new SupervisedTrainer(
    plan,
    supervised,
    { stepsPerEpoch: epochSteps, epochs },
    { seed, write: modelFolderWriter({ plans, dataset: dataset.json, fold }) },
    session,
  );
  yield* streamThenDispose(async function* (): AsyncGenerator<RunEvent> {
    if (settings.dryRun) {
      const { step, score } = trainer.flops();
      const data = countOf(dataset.cases.length, "case");
      const batch = `${plan.batch} patches of ${plan.patch.join(" x ")}`;
      const scoring = fold === "all" ? 0 : score * validationSteps;
      const steps = epochs * epochSteps;
      yield* dryTraining(
        { command: "weak train", parameters: trainer.size, steps, epochs, data, batch, flops: { step, scoring } },
        session,
      );
      return;
    }
    const prepared = yield* told(prepareCases(dataset, plans, { out, seed, weights, signal }));
    for (const message of together(prepared.warnings)) yield { type: "warning", message };
    if (prepared.empty.length > 0) yield { type: "warning", message: emptyMessage(prepared.empty) };
    if (prepared.ignored.length > 0) yield { type: "warning", message: ignoredMessage(prepared.ignored) };
    if (prepared.files.size === 0) throw nothingLeft(settings, prepared);
    const sides = foldOf(settings, [...prepared.files.keys()], splits);
    const filesOf = (names: readonly string[]) => names.map((name) => prepared.files.get(name)!);
    const cases = {
      training: await Cases.open(filesOf(sides.train)),
      ...(sides.val.length > 0 && { validation: await Cases.open(filesOf(sides.val)) }),
    };
    const content = {
      command: "weak train",
      ...recordedSettings(WeakTrainSettings, { ...settings }),
      ...{ seed, device, threads: settings.threads ?? null, weights: {} },
      data: { dataset: { file: settings.data, sha256: identityOf(prepared, plans, length, sides.val) } },
      counts: {
        train: sides.train.length,
        validation: sides.val.length,
        empty: prepared.empty.length,
        unused: prepared.dropped.length + prepared.ignored.length,
      },
      stepsPerEpoch: epochSteps,
      trainedSize: trainer.size,
    };
    const classNames = classNamesOf(dataset.labels);
    const options = { out, epochs, stepsPerEpoch: epochSteps, validationSteps, seed, classNames, workers: settings.workers, signal };
    const { checkpointEvery, resume } = settings;
    const loop = { ...options, checkpointEvery, resume, maskedChannels: plans.plan2d.useMaskForNorm };
    yield* runTraining((fingerprint) => trainSupervised(trainer, cases, { ...loop, fingerprint }), {
      ...{ content, out, overwrite: settings.overwrite, total: epochs * epochSteps, epochs, begun, trainer },
      dropped: prepared.dropped,
    });
  }, trainer);
}

/** The plans of a file, or of the data set itself, within the limits of the settings. */
async function plansOf(settings: WeakTrainSettings, dataset: RawDataset, signal: AbortSignal | undefined): Promise<Plans> {
  const length = lengthOf(settings);
  const plans =
    settings.plans === undefined
      ? (await makePlan(dataset, { ...settings, longestSide: length.longestSide }, signal)).plans
      : await readPlans(settings.plans);
  return { ...plans, plan2d: limitedPlan(plans.plan2d, length) };
}

/** Warnings that begin with a file's name, each kind once. */
function together(warnings: readonly string[]): string[] {
  const kinds = new Map<string, string[]>();
  for (const warning of warnings) {
    const [, file = "", kind = warning] = /^("[^"]+") (.+)$/.exec(warning) ?? [];
    kinds.set(kind, [...(kinds.get(kind) ?? []), file]);
  }
  return [...kinds].map(([kind, files]) =>
    files.length === 1 ? `${files[0]} ${kind}`.trim() : `${files.length} files, such as ${files[0]}: ${kind}`,
  );
}

async function* told(preparing: ReturnType<typeof prepareCases>): AsyncGenerator<RunEvent, PreparedCases> {
  let last = 0;
  for (;;) {
    const { value, done } = await preparing.next();
    if (done) return value;
    if (value.done > 0 && performance.now() - last < 2000) continue;
    last = performance.now();
    yield { type: "stage", message: `preprocessing case ${value.done + 1} of ${value.total}` };
  }
}

/**
 * The training and validation cases of the fold.
 *
 * @param names - of the cases that can be used; others that the splits name are passed over
 * @throws ConfigError when there are too few cases for folds, or there is no such fold; InputError when a side of it has no case that can be used
 */
function foldOf({ fold, splits: file, seed }: WeakTrainSettings, names: readonly string[], splits: readonly Fold[] | undefined): Fold {
  if (fold === "all") return { train: names, val: [] };
  const folds = splits ?? splitFolds(names, seed);
  const found = folds[Number(fold)];
  if (!found)
    throw new ConfigError(`weak train: "${file}" has ${countOf(folds.length, "fold")}, numbered from 0; there is no fold ${fold}.`);
  const usable = new Set(names);
  const [train, val] = [found.train, found.val].map((side) => side.filter((name) => usable.has(name))) as [string[], string[]];
  if (train.length === 0) throw new InputError(`weak train: fold ${fold} of "${file}" has no training case that can be used.`);
  if (val.length === 0 && found.val.length > 0)
    throw new InputError(`weak train: fold ${fold} of "${file}" has no validation case that can be used.`);
  return { train, val };
}

/** Hash of all that the course of a training depends on beside its settings. */
function identityOf({ sha256 }: PreparedCases, { plan2d }: Plans, length: object, validation: readonly string[]): string {
  return createHash("sha256")
    .update(JSON.stringify([sha256, plan2d, length, validation]))
    .digest("hex");
}

const emptyMessage = (names: readonly string[]): string =>
  `${countOf(names.length, "case")} without foreground in the label, such as ${listed(names, 3, (name) => `"${name}"`)}: this teaches that there may be none`;

const ignoredMessage = (names: readonly string[]): string =>
  `${countOf(names.length, "case")} with the ignore label on all pixels, such as ${listed(names, 3, (name) => `"${name}"`)}: left out, as there is nothing to learn from`;

function nothingLeft({ data }: WeakTrainSettings, { dropped: [first] }: PreparedCases): InputError {
  const why = first ? `The first: ${first.detail}` : "All pixels of the labels have the ignore label.";
  return new InputError(`weak train: no case of "${data}" can be used. ${why}`);
}
