import type { DatasetJson, LabelRules, Plans } from "../../nnunet/index.ts";
import { writeFold, writeModelFolder } from "../../nnunet/model/index.ts";
import type { SegmentationPlan, WriteNetwork } from "./trainer.ts";

/** What a model folder holds beside the weights. */
export interface FolderContent {
  readonly plans: Plans;
  readonly dataset: DatasetJson;
  /** "0" to "4", or "all". */
  readonly fold: string;
}

/** Writes networks as `openModelFolder` reads them: plans.json, dataset.json and fold_NAME/CHECKPOINT.safetensors. */
export function modelFolderWriter({ plans, dataset, fold }: FolderContent): WriteNetwork {
  return async (folder, { tensors, valuesOf, steps }, checkpoint) => {
    await writeModelFolder(folder, { plans, dataset });
    return await writeFold(folder, fold, { tensors, valuesOf, metadata: { steps: String(steps) } }, checkpoint);
  };
}

/** What a trainer needs to know of plans and labels. Channels that were normalised within a mask are `plans.plan2d.useMaskForNorm`. */
export function segmentationPlanOf(
  { plan2d }: Plans,
  { outputs, regions, ignore }: LabelRules,
  { isWeighted }: Pick<SegmentationPlan, "isWeighted">,
): SegmentationPlan {
  return {
    network: { ...plan2d.network, inputChannels: plan2d.normalisation.length, outputs },
    patch: plan2d.patchSize,
    batch: plan2d.batchSize,
    batchDice: plan2d.batchDice,
    regions: regions?.map(({ values }) => values),
    ignoreLabel: ignore,
    isWeighted,
  };
}

/** Names of the foreground classes or regions, in the order of the network's outputs. */
export function classNamesOf({ entries, regions, foreground }: LabelRules): string[] {
  if (regions) return regions.map(({ name }) => name);
  return foreground.map((label) => entries.find(({ values }) => values[0] === label)!.name);
}
