import { type Fingerprint, fingerprintOf, type Plans, planDataset, type RawDataset, readTrainingCase } from "../../../nnunet/index.ts";
import { type PlanSettings, plannerNames } from "./settings.ts";

/** A data set's plan, and what it was made from. */
export interface MadePlan {
  readonly fingerprint: Fingerprint;
  readonly plans: Plans;
}

/** Reads all cases of a data set, one at a time, and plans a network for them. @throws as `fingerprintOf` and `planDataset` */
export async function makePlan(
  dataset: RawDataset,
  { planner, gpuMemory: gpuMemoryGb }: Pick<PlanSettings, "planner" | "gpuMemory">,
  signal?: AbortSignal,
): Promise<MadePlan> {
  const { json, name: datasetName, cases } = dataset;
  const fingerprint = await fingerprintOf(
    cases.map((files) => () => readTrainingCase(files, dataset)),
    { signal },
  );
  return { fingerprint, plans: planDataset(json, fingerprint, { datasetName, planner: plannerNames[planner], gpuMemoryGb }) };
}
