import { join } from "node:path";
import { areSame, writeAtomic } from "../../../files/atomic-write.ts";
import { fingerprintJson, openDataset, type Plans, plansJson } from "../../../nnunet/index.ts";
import type { RunEvent } from "../../../run/events.ts";
import type { StopOptions } from "../../../run/stop-options.ts";
import { countOf } from "../../../scans/names.ts";
import { makePlan } from "./make-plan.ts";
import type { WeakPlanSettings } from "./settings.ts";

/**
 * `medclip-sam weak plan`: what nnU-Net's `plan` does for the configuration 2d. nnU-Net v2 reads the files that it writes:
 *
 *   OUT/dataset_fingerprint.json   sizes, spacings and intensities of the training cases
 *   OUT/nnUNetPlans.json           the plan; of other planners nnUNetResEncUNetMPlans.json or nnUNetResEncUNetLPlans.json
 *   OUT/dataset.json               a copy
 *
 * Cases whose files cannot be used are reported, and the plan is made without them.
 *
 * @throws InputError that names the file of the data set that is missing, or when no case can be used
 */
export async function* runWeakPlan(settings: WeakPlanSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const begun = performance.now();
  const { data, out } = settings;
  const dataset = await openDataset(data);
  yield { type: "stage", message: `reading ${countOf(dataset.cases.length, "case")}` };
  const { fingerprint, plans, dropped } = await makePlan(dataset, settings, signal);
  for (const { key, detail = "" } of dropped) yield { type: "failure", name: key, message: detail, code: "input" };
  const file = join(out, `${plans.plansName}.json`);
  await writeAtomic(join(out, "dataset_fingerprint.json"), jsonText(fingerprintJson(fingerprint)));
  const copy = join(out, "dataset.json");
  if (!(await areSame(copy, join(data, "dataset.json")))) await writeAtomic(copy, jsonText(dataset.json)); // the original stays as it is
  await writeAtomic(file, jsonText(plansJson(plans)));
  const lines = [...planLines(plans), file];
  const done = dataset.cases.length - dropped.length;
  yield { type: "end", done, skipped: 0, failed: dropped.length, ms: Math.round(performance.now() - begun), lines };
}

export const jsonText = (content: unknown): string => `${JSON.stringify(content, null, 4)}\n`;

/** A plan in words. */
export function planLines({ plan2d: { patchSize, batchSize, spacing, network, normalisation } }: Plans): string[] {
  const features = network.stages.map(({ features }) => features).join(", ");
  const encoder = network.kind === "plain" ? "convolutions" : "residual blocks";
  return [
    `patches of ${patchSize.join(" x ")} pixels, ${batchSize} in a batch; images at ${spacing.join(" x ")} mm, normalised by ${[...new Set(normalisation)].join(", ")}`,
    `${network.stages.length} stages of ${encoder} with ${features} features`,
  ];
}
