import { join } from "node:path";
import {
  imageEndings,
  labelEndingOf,
  labelsOf,
  listCases,
  type ModelFolder,
  openModelFolder,
  patchNetwork,
  predictCase,
  preprocess,
  preprocessSettingsOf,
  readCaseImage,
  restore,
  writePrediction,
} from "../../../nnunet/index.ts";
import type { RunEvent } from "../../../run/events.ts";
import { type Item, type Outcome, runItems } from "../../../run/items.ts";
import { recordedSettings } from "../../../run/settings/effect.ts";
import type { StopOptions } from "../../../run/stop-options.ts";
import { streamThenDispose } from "../../../then-dispose.ts";
import { fileRecord, sessionOptions } from "../../models/models-of-run.ts";
import { modelIn } from "../model-in.ts";
import { dryPrediction } from "./dry-run.ts";
import { refuseInputFolders } from "./input-folders.ts";
import { WeakPredictSettings } from "./settings.ts";
import { windowSettings } from "./window-settings.ts";

/**
 * `medclip-sam weak predict`: label maps of a folder of images with a trained nnU-Net. Written are OUT/NAME.png with the label values (0 is
 * background), for a model of NIfTI slices OUT/NAME.nii.gz that lies where the image does, and with `--probabilities` NAME.npz and NAME.json.
 *
 * Logits are averaged over windows, mirrored copies and folds, resampled, and activated once. An image that cannot be read is reported, and the others
 * go on; results that are there are kept.
 *
 * @throws WeightsError when the model folder is incomplete; ConfigError when OUT is the folder of the images, or holds results of other
 *   settings or files that no run has made
 */
export async function* runWeakPredict(settings: WeakPredictSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out, images, overwrite, probabilities: withProbabilities } = settings;
  await refuseInputFolders({ command: "weak predict", out }, { images });
  const { session, device, warnings } = await sessionOptions(settings);
  for (const message of warnings) yield { type: "warning", message };
  const model = await openModelFolder(modelIn(settings.model), {
    folds: settings.folds.length > 0 ? settings.folds : undefined,
    checkpoint: settings.checkpoint,
  });
  const cases = await listCases(images, { endings: imageEndings(model.dataset.file_ending), allowsBare: true });
  const windows = windowSettings(model, settings, signal);
  if (settings.dryRun) {
    const passes = model.folds.map(() => "all mirrors" as const);
    const opened = { times: passes.length, atOnce: passes.length };
    const [{ weights }] = model.folds as [ModelFolder["folds"][number]];
    yield* dryPrediction({
      command: "weak predict",
      noun: "network",
      cases,
      model,
      weights,
      windows,
      passes,
      opened,
      bytesHeld: 16,
      session,
    });
    return;
  }
  yield { type: "stage", message: `opening ${model.folds.length === 1 ? "the network" : `${model.folds.length} networks`}` };
  const weights = Object.fromEntries(
    await Promise.all(model.folds.map(async ({ name, weights: { file } }) => [`fold_${name}`, await fileRecord(file)])),
  );
  const networks = model.folds.map(({ weights }) => patchNetwork(weights, model.network, session));
  const preprocessing = preprocessSettingsOf(model.plans);
  const ending = labelEndingOf(model.dataset.file_ending);
  const process = async ({ name, files }: CaseItem): Promise<Outcome> => {
    const image = await readCaseImage({ name, images: files }, model.dataset);
    const { properties, ...planes } = preprocess({ image, spacing: image.spacing ?? [1, 1] }, preprocessing);
    const predictors = networks.map(({ predict }) => predict);
    const probabilities = restore(await predictCase(planes, predictors, windows), properties);
    const labels = labelsOf(probabilities, model.labels);
    const { geometry } = image;
    await writePrediction(out, name, { labels, properties, geometry, ...(withProbabilities && { probabilities }) }, ending);
    const area = labels.data.reduce((sum, label) => sum + Number(label > 0), 0);
    const record = { file: files[0]!, width: image.width, height: image.height, areaPx: area };
    return { record, warnings: image.warnings, summary: `${area} px` };
  };
  const items = cases.map(({ name, images: files }) => {
    const outputs = withProbabilities ? [".npz", ".json", ending] : [ending];
    return { name, file: files[0]!, files, inputs: files, outputs: outputs.map((one) => join(out, name + one)) };
  });
  const header = {
    ...{ command: "weak predict", ...recordedSettings(WeakPredictSettings, { ...settings }) },
    ...{ device, threads: settings.threads ?? null, weights },
  };
  yield* streamThenDispose(() => runItems(items, process, { out, header, overwrite, signal }), ...networks);
}

/** A case to predict. */
interface CaseItem extends Item {
  /** One for each channel, or one that holds all. */
  readonly files: readonly string[];
}
