import type { z } from "zod";
import { settingsOfSchema } from "../../../run/settings/meta.ts";
import { trainPresets } from "../train/presets.ts";
import type { WeakTrainSettings } from "../train/settings.ts";
import type { WeakRunSettings } from "./settings.ts";

/** The settings that a schema has, of more. */
export function onlyOf(schema: z.ZodType, settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(settingsOfSchema(schema)).map((name) => [name, settings[name]]));
}

/** Settings of the training, whatever the labels; checkpoints are kept for an ensemble with every preset. */
export function trainSettings(settings: WeakRunSettings) {
  const { preset, epochs, epochSteps, longestSide, planner, seed, mode, device, threads, workers, overwrite } = settings;
  const keep: WeakTrainSettings["keep"] = trainPresets[preset].keep === "none" ? "late" : undefined;
  return { preset, epochs, epochSteps, longestSide, planner, seed, mode, device, threads, workers, overwrite, keep, fold: "all" as const };
}
