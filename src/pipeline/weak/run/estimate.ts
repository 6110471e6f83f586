import { concernsOneInput, InputError, throwIfCancelled } from "../../../errors.ts";
import { type Fingerprint, type FingerprintCase, fingerprintOf, labelRulesOf, planDataset } from "../../../nnunet/index.ts";
import type { RunEvent } from "../../../run/events.ts";
import { gemmSpeed } from "../../../run/gemm-speed.ts";
import { findInputs } from "../../../run/inputs.ts";
import { secondsOf, shortSeconds } from "../../../run/time-estimate.ts";
import { decodeImage } from "../../../scans/decode-image.ts";
import { listImages } from "../../../scans/list-images.ts";
import { keptEpochs } from "../../../train/supervised/kept-epochs.ts";
import { segmentationPlanOf } from "../../../train/supervised/model-folder.ts";
import { SupervisedSettings } from "../../../train/supervised/settings.ts";
import { SupervisedTrainer } from "../../../train/supervised/trainer.ts";
import { sessionOptions } from "../../models/models-of-run.ts";
import { plannerNames } from "../plan/settings.ts";
import { runWeakPseudoLabel } from "../pseudo-label/run.ts";
import { WeakPseudoLabelSettings } from "../pseudo-label/settings.ts";
import { trainingGigabytes } from "../train/memory.ts";
import { limitedPlan } from "../train/presets.ts";
import { lengthOf, WeakTrainSettings } from "../train/settings.ts";
import type { WeakRunSettings } from "./settings.ts";
import { trainSettings } from "./stage-settings.ts";

/** Images that are looked at for the sizes of all. */
const most = 20;
/** Copies of an image that a prediction averages over. */
const mirrors = 4;

/** Says how long the training and the ensemble take, and how much memory, from the sizes of some images; with `dryRun` that is all. */
export async function* estimateRun(settings: WeakRunSettings, signal?: AbortSignal): AsyncGenerator<RunEvent> {
  const { inputs, testImages, testMasks, trainMasks, out, dryRun } = settings;
  const training = WeakTrainSettings.parse({ ...trainSettings(settings), data: "-", out });
  const length = lengthOf(training);
  const { session } = await sessionOptions(settings, { isTraining: true });
  const images = (await findInputs(inputs, out)).inputs;
  const segmented = testImages.length > 0 ? (await listImages(testImages, { out })).inputs.length : images.length;
  const dataset = { channel_names: { "0": "gray" }, labels: { background: 0, target: 1 }, numTraining: images.length, file_ending: ".png" };
  const every = Math.max(1, Math.floor(images.length / most));
  const looked = images.filter((_, i) => i % every === 0).slice(0, most);
  const unread: Error[] = [];
  const sizes = looked.map(({ file }) => async () => {
    const size = await sized(file, signal);
    if (!(size instanceof Error)) return size;
    unread.push(size);
    if (unread.length === looked.length) throw new InputError(`None of the images can be read. The first: ${unread[0]!.message}`);
    return undefined;
  });
  const fingerprint = await fingerprintOf(sizes, { signal });
  const whole = { ...fingerprint, ...repeated(fingerprint, images.length) };
  const plans = planDataset(dataset, whole, {
    datasetName: "Dataset001_target",
    planner: plannerNames[training.planner],
    longestSide: length.longestSide,
  });
  const plan2d = limitedPlan(plans.plan2d, length);
  const plan = segmentationPlanOf({ ...plans, plan2d }, labelRulesOf(dataset, "dataset.json"), { isWeighted: true });
  const supervised = SupervisedSettings.strip().parse({ ...training, cycles: length.cycles, keep: length.keep });
  const trainer = new SupervisedTrainer(
    plan,
    supervised,
    { stepsPerEpoch: length.epochSteps, epochs: length.epochs },
    { seed: 0, write: async () => "" },
    session,
  );
  const { step, score } = trainer.flops();
  await trainer.dispose();
  const speed = await gemmSpeed(session);
  const members = keptEpochs({ epochs: length.epochs, cycles: length.cycles, rule: length.keep, mode: settings.mode }).length;
  const trainings = trainMasks !== undefined && testMasks !== undefined ? 2 : 1;
  const windows = segmented * (members + (testMasks === undefined ? 0 : trainings)) * mirrors;
  const [ofTraining, ofEnsemble] = [trainings * length.epochs * length.epochSteps * step, (windows * score) / plan.batch];
  const seconds = (flops: number) => shortSeconds(secondsOf(flops, speed));
  const labelling = dryRun ? await labellingTime(settings) : undefined;
  const lines = [
    ...(labelling === undefined ? [] : [`pseudo-labels: ${labelling}`]),
    `${images.length} images to train on, ${segmented} to segment; patches of ${plan.patch.join(" x ")}, ${plan.batch} in a batch`,
    `${trainings > 1 ? "2 trainings" : "training"} of ${length.epochs * length.epochSteps} steps: about ${seconds(ofTraining)} and ${trainingGigabytes(plan2d).toFixed(1)} GB; ensemble of ${members} checkpoints: about ${seconds(ofEnsemble)} (estimated${dryRun ? "" : ", pseudo-labels not counted"})`,
  ];
  if (!dryRun) {
    for (const message of lines) yield { type: "note", message };
    return;
  }
  yield { type: "start", command: "weak run", total: images.length, done: 0 };
  yield { type: "end", done: 0, skipped: 0, failed: 0, ms: 0, lines: [...lines, "Nothing was written."] };
}

/** What a dry run of the pseudo-labels says of their time. */
async function labellingTime(settings: WeakRunSettings): Promise<string | undefined> {
  for await (const event of runWeakPseudoLabel(WeakPseudoLabelSettings.strip().parse(settings)))
    if (event.type === "end") return event.lines?.find((line) => line.startsWith("about "))?.replace(" Nothing was written.", "");
  return undefined;
}

/** An image as a case that is all foreground, of which only the size matters; the error of one that cannot be read. */
async function sized(file: string, signal?: AbortSignal): Promise<FingerprintCase | Error> {
  throwIfCancelled(signal);
  try {
    const { image } = await decodeImage(file);
    const { width, height } = image;
    const count = width * height;
    return {
      name: file,
      channels: 1,
      width,
      height,
      data: new Float32Array(count).fill(1),
      labels: { data: new Int16Array(count).fill(1) },
    };
  } catch (error) {
    if (!concernsOneInput(error)) throw error;
    return error;
  }
}

/** Sizes of some images as those of all. */
function repeated({ shapes, spacings }: Fingerprint, count: number): Pick<Fingerprint, "shapes" | "spacings"> {
  const all = <T>(some: readonly T[]): T[] => Array.from({ length: count }, (_, i) => some[i % some.length]!);
  return { shapes: all(shapes), spacings: all(spacings) };
}
