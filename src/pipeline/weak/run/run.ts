import { join } from "node:path";
import { ConfigError } from "../../../errors.ts";
import { masksBehindDefaults, masksUsedLine } from "../../../gate/index.ts";
import type { RunEvent } from "../../../run/events.ts";
import type { StopOptions } from "../../../run/stop-options.ts";
import { modelFolder } from "../../../train/index.ts";
import { alignedLines } from "../../text-table.ts";
import { runSegment } from "../../zero-shot/segment.ts";
import { SegmentSettings } from "../../zero-shot/settings/commands.ts";
import { runWeakPredict } from "../predict/run.ts";
import { WeakPredictSettings } from "../predict/settings.ts";
import { datasetFiles, isGraySet } from "../pseudo-label/dataset.ts";
import { readGate } from "../pseudo-label/gate-file.ts";
import { refuseInside } from "../pseudo-label/places.ts";
import { runWeakPseudoLabel } from "../pseudo-label/run.ts";
import { WeakPseudoLabelSettings } from "../pseudo-label/settings.ts";
import { runWeakTrain } from "../train/run.ts";
import { WeakTrainSettings } from "../train/settings.ts";
import { runWeakUncertainty } from "../uncertainty/run.ts";
import { WeakUncertaintySettings } from "../uncertainty/settings.ts";
import { type Compared, compareMethods, comparisonRows, verdictOf, writeComparison } from "./compare.ts";
import { estimateRun } from "./estimate.ts";
import { foldersOf } from "./folders.ts";
import { imagesAt, trueMasks, type Unread, writeCaseImages, writeLabelMaps } from "./images.ts";
import { refuseChangedImages, refuseOtherSettings, writeSettings } from "./repeat.ts";
import type { WeakRunSettings } from "./settings.ts";
import { stageOf } from "./stage.ts";
import { onlyOf, trainSettings } from "./stage-settings.ts";
import { writeSupervised } from "./supervised.ts";

/** The commands that a run consists of, such as with a report each. */
interface Stages {
  readonly pseudoLabel: (settings: WeakPseudoLabelSettings, options: StopOptions) => AsyncGenerator<RunEvent>;
  readonly train: (settings: WeakTrainSettings, options: StopOptions) => AsyncGenerator<RunEvent>;
  readonly uncertainty: (settings: WeakUncertaintySettings, options: StopOptions) => AsyncGenerator<RunEvent>;
}

const plainStages: Stages = { pseudoLabel: runWeakPseudoLabel, train: runWeakTrain, uncertainty: runWeakUncertainty };

/** The images without a true mask have been named by the folder that was given; the ensemble would name them by the one that was made of it. */
async function* withoutLabelsWarning(events: AsyncGenerator<RunEvent>): AsyncGenerator<RunEvent> {
  for await (const event of events) if (event.type !== "warning" || !event.message.startsWith("--labels ")) yield event;
}

/**
 * `medclip-sam weak run`: from images and text prompts to masks of an ensemble and uncertainty maps, without any true mask.
 *
 *   OUT/pseudo-labels/   masks of the zero-shot pipeline, what the gate kept of them and why
 *   OUT/training/        nnU-Net trained on them
 *   OUT/ensemble/        label maps, entropy maps and scores of the segmented images, from the checkpoints that the training kept
 *   OUT/results.json     with `testMasks`: zero-shot, a single checkpoint, the ensemble, and with `trainMasks` the same network trained on true masks
 *
 * Each folder is that of the command with this name, and resumes as it does: started again with the same settings, the run goes on where it was stopped, and ends with the same
 * masks, weights and maps.
 *
 * @throws as the commands do
 */
export async function* runWeakRun(
  settings: WeakRunSettings,
  options: StopOptions = {},
  stages: Stages = plainStages,
): AsyncGenerator<RunEvent> {
  const begun = performance.now();
  const { out, testImages, testMasks, trainMasks, mode } = settings;
  const { signal } = options;
  const folders = foldersOf(out);
  yield* estimateRun(settings, signal);
  if (settings.dryRun) return;
  await refuseInside(settings.inputs, out);
  await refuseOtherSettings(settings);
  await refuseChangedImages(settings);
  await writeSettings(settings);
  const tally = { failed: 0 };
  const stage = (title: string, events: AsyncGenerator<RunEvent>, isBrief = false) => stageOf(title, events, tally, { isBrief });

  const labelling = WeakPseudoLabelSettings.strip().parse({ ...settings, out: folders.pseudoLabels });
  yield* stage("1. pseudo-labels", stages.pseudoLabel(labelling, options));
  const { dataset, weights } = datasetFiles(labelling);

  const training = { ...trainSettings(settings), data: dataset, weights, out: folders.training };
  yield* stage("2. training", stages.train(WeakTrainSettings.parse(training), options));

  yield { type: "stage", message: "reading the images to segment" };
  const isGray = await isGraySet(dataset);
  const images = await imagesAt(testImages.length > 0 ? testImages : settings.inputs, out);
  const { unread, sizes } = await writeCaseImages(images, folders.images, { isGray, mode, signal });
  yield* failures(unread);
  const truth = testMasks === undefined ? undefined : await trueMasks(images, testMasks, sizes);
  for (const message of truth?.warnings ?? []) yield { type: "warning", message };
  if (truth?.count === 0) throw new ConfigError(`weak run: --test-masks "${testMasks}" has no mask with the name of a segmented image.`);
  const compared = truth && (await writeLabelMaps(images, truth, folders.trueLabels, signal));
  if (compared) yield* failures(compared.unread);
  const shared = { images: folders.images, mode, device: settings.device, threads: settings.threads, overwrite: settings.overwrite };
  const uncertainty = {
    ...shared,
    model: [folders.training],
    out: folders.ensemble,
    threshold: settings.ensembleThreshold,
    labels: truth && folders.trueLabels,
  };
  const ensemble = stages.uncertainty(WeakUncertaintySettings.parse(uncertainty), options);
  yield* stage("3. ensemble", truth ? withoutLabelsWarning(ensemble) : ensemble, true);

  const lines = [`masks, entropy maps and scores: ${folders.ensemble}`];
  if (truth && compared) {
    const single = { ...shared, model: modelFolder(folders.training), out: folders.single };
    const { preset: _, ...others } = settings; // of the training; that of a segmentation is another
    const zeroShot = { ...others, inputs: testImages.length > 0 ? testImages : settings.inputs, out: folders.zeroShot };
    yield* stage("4. zero-shot masks of the same images", runSegment(SegmentSettings.parse(onlyOf(SegmentSettings, zeroShot)), options));
    yield* stage("5. masks of the last checkpoint", runWeakPredict(WeakPredictSettings.parse(single), options));
    const labelsIn = (folder: string): Pick<Compared, "fileOf" | "holds"> => ({
      holds: "labels",
      fileOf: ({ name }) => join(folder, `${name}.png`),
    });
    const methods: Compared[] = [
      { name: "zero-shot", holds: "masks", fileOf: ({ nested }) => join(folders.zeroShot, "masks", `${nested}.png`) },
      { name: "single checkpoint", ...labelsIn(folders.single) },
      { name: "ensemble", ...labelsIn(folders.ensemble) },
    ];
    if (trainMasks !== undefined) methods.push({ name: "fully supervised", ...labelsIn(yield* supervised(isGray)) });
    yield { type: "stage", message: "comparing the masks" };
    const comparison = { masksUsed: masksBehindDefaults, methods: await compareMethods(compared.written, truth, methods) };
    await writeComparison(out, comparison);
    const verdict = verdictOf(comparison);
    lines.push(
      ...alignedLines(comparisonRows(comparison)),
      ...(verdict === undefined ? [] : [verdict]),
      `${masksUsedLine(masksBehindDefaults)}; no setting was chosen on the true masks of this table`,
    );
  }
  yield { type: "end", done: images.length, skipped: 0, failed: tally.failed, ms: Math.round(performance.now() - begun), lines };

  function* failures(unread: readonly Unread[]): Generator<RunEvent> {
    tally.failed += unread.length;
    for (const { name, message } of unread) yield { type: "failure", name, message, code: "input" };
  }

  /** Trains the same network on true masks, and segments the same images. @returns the folder of the label maps */
  async function* supervised(isGray: boolean): AsyncGenerator<RunEvent, string> {
    const { leaks } = await readGate(folders.pseudoLabels);
    const inTest = new Set(leaks.map(({ image }) => image));
    const all = (await imagesAt(settings.inputs, out)).filter(({ name }) => !inTest.has(name));
    const masks = await trueMasks(all, trainMasks!);
    for (const message of masks.warnings) yield { type: "warning", message };
    const { unread, ...made } = await writeSupervised(all, masks, {
      folder: folders.supervised,
      name: settings.name,
      isGray,
      mode,
      signal,
    });
    yield* failures(unread);
    const own = { ...trainSettings(settings), keep: "none", data: made.dataset, out: join(folders.supervised, "training") };
    yield* stage(`6. training on ${made.count} true masks`, stages.train(WeakTrainSettings.parse(own), options));
    const masksOf = join(folders.supervised, "masks");
    const predicting = { ...shared, model: modelFolder(own.out), out: masksOf };
    yield* stage("7. its masks", runWeakPredict(WeakPredictSettings.parse(predicting), options));
    return masksOf;
  }
}
