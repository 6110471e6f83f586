import type { TrainedModel } from "../../../nnunet/model/trained-model.ts";
import { referenceWindows, type WindowSettings, windowSettingsOf } from "../../../nnunet/predict/index.ts";
import type { Mode } from "../../settings.ts";

/** How a model's windows are laid over an image. */
export function windowSettings(
  { plans: { plan2d }, labels, folds }: Pick<TrainedModel, "plans" | "labels" | "folds">,
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
