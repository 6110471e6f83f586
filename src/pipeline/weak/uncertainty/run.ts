import { existsSync } from "node:fs";
import { join } from "node:path";
import { remove, writeAtomic } from "../../../files/atomic-write.ts";
import { areaPx } from "../../../image/index.ts";
import { unetFamily } from "../../../models/unet/index.ts";
import { Weights } from "../../../models/weights.ts";
import { type CaseFiles, imageEndings, labelEndingOf, labelsOf, listCases, npzOf, writePrediction } from "../../../nnunet/index.ts";
import { writeNpy } from "../../../results/npy.ts";
import { writeNpz } from "../../../results/npz.ts";
import { writeGray16 } from "../../../results/png.ts";
import type { RunEvent } from "../../../run/events.ts";
import { type Item, type ItemOptions, type Outcome, runItems } from "../../../run/items.ts";
import { RunRecord } from "../../../run/record/record.ts";
import { recordedSettings } from "../../../run/settings/effect.ts";
import type { StopOptions } from "../../../run/stop-options.ts";
import { countOf } from "../../../scans/names.ts";
import { type EntropyMap, entropyLevels, foregroundMask, imageScores, uncertaintyModes } from "../../../uncertainty/index.ts";
import { fileRecord, sessionOptions } from "../../models/models-of-run.ts";
import { dryPrediction } from "../predict/dry-run.ts";
import { refuseInputFolders } from "../predict/input-folders.ts";
import { windowSettings } from "../predict/window-settings.ts";
import { type Calibration, calibrated, dscRangeOf, fitCalibration, nothingFitted, sumsOf } from "./calibration.ts";
import { type EnsembleItem, type EnsemblesOf, ensembleQueue, together } from "./ensembles.ts";
import { evaluationLines, evaluationOf } from "./evaluation.ts";
import { membersOf } from "./members.ts";
import { command, filesOf } from "./results.ts";
import { readScores, scoredText, scoresText } from "./scores.ts";
import { WeakUncertaintySettings } from "./settings.ts";
import { judgedRow, readTruth, scoresByTruth, truthFiles } from "./truth.ts";
import { sharedImages, validate, validationFolders } from "./validation.ts";

/**
 * `medclip-sam weak uncertainty`: label maps of an ensemble, and where and how far its members disagree.
 *
 *   OUT/NAME.png                      label values of the mean; NAME.nii.gz of NIfTI slices
 *   OUT/entropy/NAME.png, NAME.npy    entropy of the mean: 16 bits, where 65535 is the most that the classes allow; float32 in bits
 *   OUT/mutual-information/NAME.npy   what the members disagree on, float32 in bits
 *   OUT/scores/NAME.json, scores.csv  the scores of each image, worst first, with the range of its DSC, and with its DSC where true labels are given
 *   OUT/NAME.npz, calibrated/NAME.npz  with --probabilities those of the mean; the latter with the fitted temperature
 *   OUT/calibration.json              what was fitted on validation images: a temperature, and the range of the DSC of a new image
 *   OUT/evaluation.json               with true labels: reliability, and how well each score ranks the failures
 *
 * The temperature changes no label map, entropy or score: the evaluation judges the probabilities once more with it, and calibrated/ has them.
 *
 * @throws ConfigError when there are no members, or OUT is a folder that is read, or holds results of other settings or files that no run has made
 * @throws InputError when nothing can be fitted on the validation images
 */
export async function* runWeakUncertainty(settings: WeakUncertaintySettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out, mode, step, meanOf, overwrite } = settings;
  const validation = validationFolders(settings);
  const { images, labels, validationImages, validationLabels } = settings;
  const inputs = { images, labels, "validation-images": validationImages, "validation-labels": validationLabels };
  await refuseInputFolders({ command, out, below: ["entropy"] }, inputs);
  const threshold = settings.threshold ?? uncertaintyModes[mode].threshold;
  const { session, device, warnings } = await sessionOptions(settings);
  for (const message of warnings) yield { type: "warning", message };
  const found = await membersOf(settings);
  const { model, members } = found;
  yield { type: "note", message: `${countOf(members.length, "member")}: ${members.map(({ name }) => name).join(", ")}` };
  const windows = windowSettings(model, { step, mirror: true, mode }, signal);
  const ensembles = { found, options: { meanOf, threshold, windows, session } };
  const endings = imageEndings(model.dataset.file_ending);
  const cases = await listCases(images, { endings, allowsBare: true });
  const truths = await truthFiles("--labels", labels, cases, endings);
  if (truths.warning !== undefined) yield { type: "warning", message: truths.warning };
  if (settings.dryRun) {
    const known = validation ? await listCases(validation.images, { endings, allowsBare: true }) : [];
    yield* dryEnsembles([...known, ...cases], ensembles);
    return;
  }
  const files = filesOf(out);
  const weights = Object.fromEntries(await Promise.all(members.map(async ({ name, file }) => [name, await fileRecord(file)])));
  const header = {
    ...{ command, ...recordedSettings(WeakUncertaintySettings, { ...settings }) },
    ...{ device, threads: settings.threads ?? null, weights },
  };
  const ending = labelEndingOf(model.dataset.file_ending);
  const items = cases.map(({ name, images }): EnsembleItem => {
    const truth = truths.of.get(name);
    // What scores/NAME.json depends on: with other validation images, or other labels, an image is done again.
    const inputs = [...images, ...(truth === undefined ? [] : [truth]), ...(validation ? [files.calibration] : [])];
    const maps = [files.entropyPicture(name), files.entropy(name), files.mutual(name)];
    const ofPixels = settings.probabilities ? [files.probabilities(name), ...(validation ? [files.calibrated(name)] : [])] : [];
    const outputs = [files.scores(name), join(out, name + ending), ...maps, ...ofPixels];
    return { name, file: images[0]!, files: images, inputs, outputs };
  });
  const ownFiles = [files.table, files.evaluation];
  const options: ItemOptions = { out, header, overwrite, signal, files: validation ? ownFiles : [...ownFiles, files.calibration] };
  let calibration = nothingFitted;
  let unusable = 0;
  if (validation) {
    // A run that was stopped behind its validation images has written calibration.json, and no record yet but theirs.
    const isBegun = existsSync(join(out, "validation"));
    await refuseOtherResults(items, { ...options, files: isBegun ? ownFiles : [...ownFiles, files.calibration] });
    const shared = await sharedImages(cases, validation, endings);
    if (shared.length > 0) yield { type: "warning", message: sharedMessage(shared) };
    const judged = yield* validate(validation, { ...options, files: [], model, ensembles, threshold, endings });
    calibration = fitCalibration(judged.images, settings);
    unusable = judged.failed;
    await writeAtomic(files.calibration, calibrationText(calibration));
  }

  const queue = ensembleQueue(items, ensembles);
  const process = async (item: EnsembleItem, tell: (message: string) => void): Promise<Outcome> => {
    const { name, files: images } = item;
    const { result, properties, image } = await queue.of(item, tell);
    const { width, height, geometry } = image;
    const trueFile = truths.of.get(name);
    const truth = trueFile === undefined ? undefined : await readTruth(trueFile, image, model.labels);
    const mask = foregroundMask(result.mean, { threshold });
    const scores = imageScores(result, mask);
    await writeMap(files.entropy(name), result.entropy);
    await writeGray16(files.entropyPicture(name), { width, height, data: entropyLevels(result.entropy) });
    await writeMap(files.mutual(name), result.mutualInformation);
    const labels = labelsOf(result.mean, model.labels, { threshold });
    const probabilities = settings.probabilities ? result.mean : undefined;
    const softened = probabilities && calibrated(probabilities, calibration);
    if (softened) await writeNpz(files.calibrated(name), npzOf(softened));
    await writePrediction(out, name, { labels, probabilities, properties, geometry }, ending);
    const scored = scoredText({
      ...{ name, areaPx: areaPx(mask), scores, dscRange: dscRangeOf(calibration, scores) },
      truth: truth ? scoresByTruth(name, mask, truth, model.labels) : null,
      calibration: truth ? sumsOf(judgedRow(result.mean, truth, model.labels), calibration) : null,
    });
    await writeAtomic(files.scores(name), scored);
    return {
      record: { file: images[0]!, width, height, areaPx: areaPx(mask), scores: [] },
      warnings: image.warnings,
      summary: `${areaPx(mask)} px`,
    };
  };
  const begin = async (todo: readonly Item[]) => {
    queue.expect(todo);
    if (!validation) await writeAtomic(files.calibration, calibrationText(calibration));
  };
  for await (const event of runItems(items, process, { ...options, begin })) {
    if (event.type !== "end") {
      yield event;
      continue;
    }
    const scored = await Promise.all(items.flatMap(({ name }) => (existsSync(files.scores(name)) ? [readScores(files.scores(name))] : [])));
    await writeAtomic(files.table, scoresText(scored));
    const evaluation = evaluationOf(scored);
    if (evaluation) await writeAtomic(files.evaluation, `${JSON.stringify(evaluation)}\n`);
    else await remove([files.evaluation]);
    const lines = [
      ...(evaluation ? evaluationLines(evaluation) : []),
      ...calibrationLines(calibration),
      `scores, most uncertain image first: ${files.table}`,
    ];
    yield { ...event, failed: event.failed + unusable, lines };
  }
}

/** Describes the run and estimates its time and memory. */
async function* dryEnsembles(cases: readonly CaseFiles[], { found, options }: EnsemblesOf): AsyncGenerator<RunEvent> {
  const { model, members } = found;
  const { windows, session } = options;
  const weights = await Weights.open(members[0]!.file, unetFamily);
  const passes = members.map(({ mirrored }) => (mirrored ? "one" : "all mirrors"));
  const networks = new Set(members.map(({ file }) => file)).size;
  const opened = { times: networks * Math.ceil(cases.length / together.first), atOnce: 1 };
  const bytesHeld = 16 * Math.min(together.most, cases.length); // sums in float64 for each image, and maps of about their size
  yield* dryPrediction({ command, noun: "member", cases, model, weights, windows, passes, opened, bytesHeld, session });
}

/** Before the validation images take their time. @throws ConfigError when the folder holds results of other settings, or files that no run has made */
async function refuseOtherResults(items: readonly Item[], { out, header, overwrite, files = [] }: ItemOptions): Promise<void> {
  const record = await RunRecord.open(out, header, { overwrite, outputs: [...items.flatMap(({ outputs }) => outputs), ...files] });
  await record.close();
}

const sharedMessage = (names: readonly string[]): string =>
  `${countOf(names.length, "image")} of --images also in --validation-images, such as "${names[0]}": what is said about them was fitted on them`;

const calibrationText = (calibration: Calibration): string => `${JSON.stringify(calibration)}\n`;

function calibrationLines({ masksUsed, temperature, dscRange }: Calibration): string[] {
  const range = (): string => {
    if (!dscRange) return "no range of the DSC: an ensemble of one member has no review score";
    const { isTooSmall, images, needed, coverage, margin } = dscRange;
    if (isTooSmall) return `no range of the DSC: a coverage of ${coverage} needs ${2 * needed} validation images`;
    return `DSC of a new image: as expected from its review score, ± ${margin!.toFixed(3)} in ${100 * coverage} % of images (${images} images)`;
  };
  const fitted = temperature && `temperature ${temperature.temperature.toFixed(3)}${temperature.isAtBound ? ", at its bound" : ""}`;
  return [...(fitted ? [fitted, range()] : []), `${masksUsed} masks used: settings were chosen on ${masksUsed || "no"} true masks`];
}

async function writeMap(file: string, { width, height, data }: EntropyMap): Promise<void> {
  await writeNpy(file, { dtype: "float32", shape: [height, width], data: data as Float32Array<ArrayBuffer> });
}
