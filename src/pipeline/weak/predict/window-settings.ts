import { type ModelFolder, referenceWindows, type WindowSettings, windowSettingsOf } from "../../../nnunet/index.ts";
import type { Mode } from "../../settings.ts";

/** How a model's windows are laid over an image. */
export function windowSettings(
  { plans: { plan2d }, labels, folds }: Pick<ModelFolder, "plans" | "labels" | "folds">,
  { step, mirror, mode }: { readonly step: number; readonly mirror: boolean; readonly mode: Mode },
  signal?: AbortSignal,
): WindowSettings {
  return {
    ...windowSettingsOf(plan2d, labels),
    step,
    mirrorAxes: mirror ? folds[0]!.mirrorAxes : [],
    ...(mode === "reference" && referenceWindows["2.1.1"]),
    signal,
  };
}
