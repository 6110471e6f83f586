import type { DroppedPair } from "../../../data/index.ts";
import { concernsOneInput } from "../../../errors.ts";
import {
  type Fingerprint,
  fingerprintOf,
  type Plans,
  planDataset,
  type RawDataset,
  readTrainingCase,
  type TrainingFiles,
} from "../../../nnunet/index.ts";
import { type PlanSettings, plannerNames } from "./settings.ts";

/** A data set's plan, and what it was made from. */
export interface MadePlan {
  readonly fingerprint: Fingerprint;
  readonly plans: Plans;
  /** Cases that could not be used because of their files. */
  readonly dropped: readonly DroppedPair[];
}

/** Reads all cases of a data set, one at a time, and plans a network for those that can be used. @throws as `fingerprintOf` and `planDataset` */
export async function makePlan(
  dataset: RawDataset,
  { planner, gpuMemory: gpuMemoryGb, longestSide }: Pick<PlanSettings, "planner" | "gpuMemory" | "longestSide">,
  signal?: AbortSignal,
): Promise<MadePlan> {
  const { json, name: datasetName, cases } = dataset;
  const dropped: DroppedPair[] = [];
  const fingerprint = await fingerprintOf(
    cases.map((files) => () => readTrainingCase(files, dataset).catch((error: unknown) => void dropped.push(unusable(files, error)))),
    { signal },
  );
  const plans = planDataset(json, fingerprint, { datasetName, planner: plannerNames[planner], gpuMemoryGb, longestSide });
  return { fingerprint, plans, dropped };
}

/** A case that is left out because its files cannot be used. @throws the error where it concerns more than this case */
export function unusable({ name }: TrainingFiles, error: unknown): DroppedPair {
  if (!concernsOneInput(error)) throw error;
  return { key: name, kind: "input", reason: "unreadable", detail: error.message };
}
