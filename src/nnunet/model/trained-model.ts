import { InputError } from "../../errors.ts";
import { type UNetConfig, unetFamily, unetShapes } from "../../models/unet/index.ts";
import { Weights } from "../../models/weights.ts";
import type { WeightsFile } from "../../tensor/open-weights.ts";
import { channelNamesOf, checkedDatasetJson, type DatasetJson } from "../dataset/dataset-json.ts";
import { type LabelRules, labelRulesOf } from "../labels.ts";
import { plansFromJson } from "../plan/plans-from-json.ts";
import type { Plans } from "../plan/types.ts";
import { type CheckpointInfo, readCheckpointInfo } from "./checkpoint-info.ts";

/** A trained model: what it was planned with, what its labels mean, and its weights. */
export interface TrainedModel {
  readonly dataset: DatasetJson;
  readonly labels: LabelRules;
  readonly plans: Plans;
  /** The planned network with its numbers of channels. */
  readonly network: UNetConfig;
  /** At least one. */
  readonly folds: readonly ModelFold[];
}

/** The weights of one fold. */
export interface ModelFold extends CheckpointInfo {
  /** Of a folder "0" to "4", or "all". */
  readonly name: string;
  readonly weights: Weights;
}

/** A JSON file as it was parsed, with its name for messages. */
export interface NamedJson {
  readonly name: string;
  readonly json: unknown;
}

/** The files of a trained model. */
export interface TrainedModelFiles {
  readonly plans: NamedJson;
  readonly dataset: NamedJson;
  /** At least one. */
  readonly weights: readonly { readonly name: string; readonly file: WeightsFile }[];
}

/**
 * Opens a trained model. Weights are not read yet; nothing in a .pth file is run.
 *
 * @throws InputError when plans or dataset.json are invalid, or the files contradict one another
 * @throws WeightsError when weights cannot be read or do not fit the plans
 */
export async function openTrainedModel({ plans: plansFile, dataset: datasetFile, weights }: TrainedModelFiles): Promise<TrainedModel> {
  const dataset = checkedDatasetJson(datasetFile.json, datasetFile.name);
  const labels = labelRulesOf(dataset, datasetFile.name);
  const infos = await Promise.all(weights.map(({ file }) => readCheckpointInfo(file)));
  const [{ configuration }] = infos as [CheckpointInfo];
  const odd = infos.findIndex((info) => info.configuration !== configuration);
  if (odd >= 0) {
    const [first, other] = [weights[0]!, weights[odd]!].map(({ file }) => (typeof file === "string" ? file : file.name));
    throw new InputError(
      `"${other}" was trained with the configuration "${infos[odd]!.configuration}", but "${first}" with "${configuration}". Open them one by one.`,
    );
  }
  const plans = plansFromJson(plansFile.json, plansFile.name, { configuration });
  const channels = channelNamesOf(dataset).length;
  const planned = plans.plan2d.normalisation.length;
  if (channels !== planned)
    throw new InputError(
      `"${datasetFile.name}" names ${channels} channels, but "${plansFile.name}" has ${planned}. Are both of one model?`,
    );
  const network: UNetConfig = { ...plans.plan2d.network, inputChannels: channels, outputs: labels.outputs };
  const shapes = unetShapes(network);
  const folds = await Promise.all(
    weights.map(async ({ name, file }, i): Promise<ModelFold> => {
      const opened = await Weights.open(file, unetFamily);
      opened.check(shapes);
      return { name, weights: opened, ...infos[i]! };
    }),
  );
  return { dataset, labels, plans, network, folds };
}
