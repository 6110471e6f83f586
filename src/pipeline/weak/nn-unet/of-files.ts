import { basename } from "node:path";
import { z } from "zod";
import { checkedOptions } from "../../../check/options.ts";
import { checkedPath } from "../../../check/paths.ts";
import { ConfigError, InputError } from "../../../errors.ts";
import type { GrayImage, Image } from "../../../image/index.ts";
import { openModelFolder, readCaseImage, type TrainedModel } from "../../../nnunet/index.ts";
import { SessionOptions } from "../../../runtime/session.ts";
import { modelIn } from "../model-in.ts";
import { keptCheckpoints } from "../uncertainty/members.ts";
import type { ChannelImage } from "./images.ts";
import {
  type EnsemblePrediction,
  loadNnUnet as loadContent,
  type NnUnetContent,
  type NnUnetPrediction,
  type PredictOptions,
  predictEnsemble as predictEnsembleOfPixels,
  predict as predictPixels,
} from "./in-memory.ts";
import { NnUnet, usableNnUnet } from "./nn-unet.ts";

/** How a model is opened. The last three are for folders. */
export interface NnUnetOptions extends SessionOptions {
  /** Names of the folds whose networks are opened, such as "0" or "all"; default all numbered ones, or "all" if there are none. */
  readonly folds?: readonly string[] | undefined;
  /** Name of the checkpoint of each fold, without ending; default "checkpoint_final". */
  readonly checkpoint?: string | undefined;
  /** What the members are: the folds (default), or the checkpoints that the first fold of a training kept, as in `medclip-sam weak uncertainty`. */
  readonly members?: "folds" | "checkpoints" | undefined;
}

const FolderOptions = z.strictObject({
  folds: z.array(z.string()).min(1).optional(),
  checkpoint: z.string().min(1).optional(),
  members: z.enum(["folds", "checkpoints"]).optional(),
});
const Options = z.strictObject({ ...SessionOptions.shape, ...FolderOptions.shape });

/**
 * Opens a trained nnU-Net. Nothing is computed yet, and nothing in a .pth file is run.
 *
 * @param model - a model folder of nnU-Net v2 (plans.json, dataset.json, fold_0/checkpoint_final.pth), the output folder of `weak train`, or
 *   `<out>/training` of `weak run`; or file contents
 * @throws WeightsError when weights are damaged or do not fit the plans
 * @throws InputError when a file is missing or invalid, or the files contradict one another
 * @example const model = await loadNnUnet("run/model");
 */
export async function loadNnUnet(model: string | NnUnetContent, options: NnUnetOptions = {}): Promise<NnUnet> {
  const where = "loadNnUnet";
  const { folds, checkpoint, members, ...session } = checkedOptions(Options, options, where);
  if (typeof model !== "string") {
    const given = Object.entries({ folds, checkpoint, members }).find(([, value]) => value !== undefined);
    if (given) throw new ConfigError(`${where}: option "${given[0]}" is for model folders, but this model came from memory. Leave it out.`);
    return await loadContent(model, session as SessionOptions);
  }
  const folder = modelIn(checkedPath(model, where));
  const trained = await openModelFolder(folder, { folds, checkpoint });
  return await usableNnUnet(members === "checkpoints" ? await ofCheckpoints(trained, folder) : trained, session as SessionOptions, where);
}

/** The model with the kept checkpoints of its first fold as members. */
async function ofCheckpoints(trained: TrainedModel, folder: string): Promise<TrainedModel> {
  const [first] = trained.folds;
  const kept = await keptCheckpoints(trained);
  if (kept.length === 0) {
    throw new ConfigError(
      `loadNnUnet: "${folder}" has no kept checkpoints. Train with the option "keep", or open the folds: { members: "folds" }.`,
    );
  }
  const folds = kept.map(async ({ name, file }) => {
    const { folds } = await openModelFolder(folder, { folds: [first!.name], checkpoint: basename(file, ".safetensors") });
    return { ...folds[0]!, name };
  });
  return { ...trained, folds: await Promise.all(folds) };
}

/**
 * Segments an image with a trained nnU-Net, as `medclip-sam weak predict` does: logits are averaged over windows, mirrored copies and members.
 *
 * @param image - a file, or a list with one for each channel; or pixels
 * @throws InputError when the image cannot be read or has other channels than the model reads, or the model was disposed of
 * @example const { labels, probabilities } = await predict(model, "scan.png");
 */
export async function predict(
  model: NnUnet,
  image: string | readonly string[] | Image | GrayImage | ChannelImage,
  options: PredictOptions = {},
): Promise<NnUnetPrediction> {
  const { pixels, warnings } = await opened(model, image, "predict");
  const found = await predictPixels(model, pixels, options);
  return { ...found, warnings: [...warnings, ...found.warnings] };
}

/**
 * Segments an image with the ensemble of a model's members, as `medclip-sam weak uncertainty` does: their probabilities are averaged. The entropy of the mean
 * says where to look.
 *
 * @param image - a file, or a list with one for each channel; or pixels
 * @throws as `predict`
 * @example const { labels, entropy } = await predictEnsemble(await loadNnUnet("run", { members: "checkpoints" }), "scan.png");
 */
export async function predictEnsemble(
  model: NnUnet,
  image: string | readonly string[] | Image | GrayImage | ChannelImage,
  options: PredictOptions = {},
): Promise<EnsemblePrediction> {
  const { pixels, warnings } = await opened(model, image, "predictEnsemble");
  const found = await predictEnsembleOfPixels(model, pixels, options);
  return { ...found, warnings: [...warnings, ...found.warnings] };
}

/** Pixels, those of files as the command reads them. */
async function opened(model: NnUnet, image: string | readonly string[] | Image | GrayImage | ChannelImage, where: string) {
  if (!(model instanceof NnUnet) || (typeof image !== "string" && !Array.isArray(image)))
    return { pixels: image as Image | GrayImage | ChannelImage, warnings: [] }; // checked with the pixels
  const files = (typeof image === "string" ? [image] : (image as readonly unknown[])).map((file) => checkedPath(file, where));
  if (files.length === 0) throw new InputError(`${where}: the list of image files is empty; expected one for each channel.`);
  const read = await readCaseImage({ name: basename(files[0]!), images: files }, model.trained.dataset);
  return { pixels: read, warnings: read.warnings };
}
