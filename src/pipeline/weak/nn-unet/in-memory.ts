import { z } from "zod";
import { described } from "../../../check/described.ts";
import { checkedOptions } from "../../../check/options.ts";
import { InputError, WeightsError } from "../../../errors.ts";
import { parseJson } from "../../../files/json.ts";
import type { ClassMaps, GrayImage, Image, LabelMap } from "../../../image/index.ts";
import { channelNamesOf } from "../../../nnunet/dataset/dataset-json.ts";
import { type NamedJson, openTrainedModel } from "../../../nnunet/model/trained-model.ts";
import { labelsOf, predictCase, restore, slidingWindow } from "../../../nnunet/predict/index.ts";
import { preprocess, preprocessSettingsOf } from "../../../nnunet/preprocess/index.ts";
import { stopOptions } from "../../../run/stop-options.ts";
import { SessionOptions } from "../../../runtime/session.ts";
import { addMember, type EntropyMap, ensembleResult, startEnsemble } from "../../../uncertainty/index.ts";
import { bytesOf, type Content, nameOf, weightsOf } from "../../models/content.ts";
import { WeakPredictSettings } from "../predict/settings.ts";
import { windowSettings } from "../predict/window-settings.ts";
import { type ChannelImage, rawCaseOf } from "./images.ts";
import { NnUnet, usableNnUnet } from "./nn-unet.ts";

/** The contents of the files of a trained nnU-Net. */
export interface NnUnetContent {
  /** `plans.json`. */
  readonly plans: Content;
  /** `dataset.json`. */
  readonly dataset: Content;
  /** Weights: `checkpoint_final.safetensors` of this program or `checkpoint_final.pth` of nnU-Net v2; several are averaged. */
  readonly weights: Content | readonly Content[];
}

/**
 * Opens a trained nnU-Net from memory. Nothing is computed yet, and nothing in a .pth file is run; the bytes must not change while the model is used.
 *
 * @throws WeightsError when a content could not be fetched, or weights are damaged or do not fit the plans
 * @throws InputError when plans or dataset.json are invalid, or the files contradict one another
 * @example
 * const [plans, dataset, weights] = await Promise.all(urls.map((url) => fetch(url)));
 * const model = await loadNnUnet({ plans, dataset, weights });
 */
export async function loadNnUnet(model: NnUnetContent, options: SessionOptions = {}): Promise<NnUnet> {
  const where = "loadNnUnet";
  checkedOptions(SessionOptions, options, where);
  return await usableNnUnet(await openTrainedModel(await filesOf(model, where)), options, where);
}

async function filesOf(model: NnUnetContent, where: string) {
  for (const name of ["plans", "dataset", "weights"] as const) {
    if (model?.[name] !== undefined && model[name] !== null) continue;
    throw new WeightsError(`${where}: model.${name} is missing: expected { plans, dataset, weights }, got ${described(model)}.`);
  }
  const contents = Array.isArray(model.weights) ? (model.weights as readonly Content[]) : [model.weights as Content];
  if (contents.length === 0)
    throw new WeightsError(`${where}: model.weights is an empty list; expected the weights of at least one network.`);
  const [plans, dataset, ...files] = await Promise.all([
    jsonOf(model.plans, "plans.json"),
    jsonOf(model.dataset, "dataset.json"),
    ...contents.map((content, i) => weightsOf(content, `weights ${i}`)),
  ]);
  return { plans, dataset, weights: files.map((file, i) => ({ name: String(i), file })) };
}

async function jsonOf(content: Content, what: string): Promise<NamedJson> {
  const name = nameOf(content, what);
  return { name, json: parseJson(await bytesOf(content, name), name, InputError) };
}

const Options = z.strictObject({
  ...WeakPredictSettings.pick({ step: true, mirror: true }).shape,
  threshold: z.number().min(0).lt(1).optional(),
  ...stopOptions.shape,
});

/** Options of a prediction, all with defaults. */
export interface PredictOptions {
  /** Distance between windows as a fraction of the patch, in (0, 1]; default 0.5. */
  readonly step?: number | undefined;
  /** Whether mirrored copies are averaged, as the model was trained; default true. */
  readonly mirror?: boolean | undefined;
  /** Probability above which a pixel is foreground, with one class beside the background, or belongs to a region; default 0.5. */
  readonly threshold?: number | undefined;
  /** Ends the call with a `CancelledError`, at the latest after the current batch of windows. */
  readonly signal?: AbortSignal | undefined;
}

/** Labels and probabilities of an image. */
export interface NnUnetPrediction {
  /** The label value of each pixel, as in dataset.json; 0 is background. With one class it is a mask of 0 and 1. */
  readonly labels: GrayImage;
  /** Of each class, with the background first, or of each region. */
  readonly probabilities: ClassMaps<"probabilities">;
  readonly warnings: readonly string[];
}

/** The mean of the members of an ensemble, and where it is uncertain. */
export interface EnsemblePrediction extends NnUnetPrediction {
  /** Entropy of the mean in bits: at most log2 of the number of classes, or 1 for each region. */
  readonly entropy: EntropyMap;
  /** The part of it on which the members disagree, in bits. */
  readonly mutualInformation: EntropyMap;
  /** Mean DSC over pairs of members: the lower, the more they disagree. Null for one member. */
  readonly pairwiseDice: number | null;
}

/**
 * Segments an image with a trained nnU-Net, as `medclip-sam weak predict` does: logits are averaged over windows, mirrored copies and members.
 *
 * @throws InputError when the image has other channels than the model reads, or the model was disposed of
 * @example const { labels, probabilities } = await predict(model, { width, height, data }); // data: gray or RGB levels
 */
export async function predict(
  model: NnUnet,
  image: Image | GrayImage | ChannelImage,
  options: PredictOptions = {},
): Promise<NnUnetPrediction> {
  const { prepared, windows, rules, threshold, warnings } = checkedPredict(model, image, options, "predict");
  const { properties, ...planes } = prepared;
  const logits = await model.withNetworks("predict", (networks) => predictCase(planes, networks, windows));
  const probabilities = restore(logits, properties);
  return { labels: grayOf(labelsOf(probabilities, rules, { ...(threshold !== undefined && { threshold }) })), probabilities, warnings };
}

/**
 * Segments an image with the ensemble of a model's members, as `medclip-sam weak uncertainty` does: their probabilities are averaged. The entropy of the mean
 * says where to look.
 *
 * @throws as `predict`
 * @example const { labels, entropy } = await predictEnsemble(model, { width, height, data });
 */
export async function predictEnsemble(
  model: NnUnet,
  image: Image | GrayImage | ChannelImage,
  options: PredictOptions = {},
): Promise<EnsemblePrediction> {
  const { prepared, windows, rules, threshold = 0.5, warnings } = checkedPredict(model, image, options, "predictEnsemble");
  const { properties, ...planes } = prepared;
  const { outputs: count, areExclusive } = windows;
  const ensemble = startEnsemble({ count, areExclusive, ...properties.sizeBeforeCrop }, { threshold });
  await model.withNetworks("predictEnsemble", async (networks) => {
    for (const network of networks) addMember(ensemble, restore(await slidingWindow(planes, network, windows), properties));
  });
  const { mean, entropy, mutualInformation, pairwiseDice } = ensembleResult(ensemble);
  return { labels: grayOf(labelsOf(mean, rules, { threshold })), probabilities: mean, entropy, mutualInformation, pairwiseDice, warnings };
}

function checkedPredict(model: NnUnet, image: unknown, options: PredictOptions, where: string) {
  if (!(model instanceof NnUnet)) throw new InputError(`${where}: model must come from loadNnUnet, got ${described(model)}.`);
  const { threshold, signal, ...settings } = checkedOptions(Options, options, where);
  const { trained } = model;
  const raw = rawCaseOf(image, channelNamesOf(trained.dataset), where);
  const windows = windowSettings(trained, { ...settings, mode: "paper" }, signal);
  const hasEffect = threshold === undefined || !windows.areExclusive || windows.outputs === 2;
  const warning = `${where}: option "threshold" has no effect with ${windows.outputs} classes: each pixel gets the most probable one.`;
  return {
    prepared: preprocess(raw, preprocessSettingsOf(trained.plans)),
    ...{ windows, rules: trained.labels, threshold },
    warnings: [...model.warnings, ...(hasEffect ? [] : [warning])],
  };
}

const grayOf = ({ width, height, data }: LabelMap): GrayImage => ({ width, height, data: Uint8Array.from(data) });
