import type { RegionSettings } from "../settings/baselines.ts";
import type { Baseline, BaselineModels, BaselineSettings } from "./baseline.ts";
import { RegionStep } from "./region-step.ts";

/** The baselines by their names on the command line. */
const baselines: Record<NonNullable<RegionSettings["baseline"]>, (models: BaselineModels, settings: BaselineSettings) => Baseline> = {
  salip: (models, settings) => new RegionStep(models, settings),
};

/** The baseline that settings choose, if any. */
export function baselineOf(settings: BaselineSettings, models: BaselineModels): Baseline | undefined {
  return settings.baseline && baselines[settings.baseline](models, settings);
}
