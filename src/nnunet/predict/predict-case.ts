import type { Planes } from "../../augment/index.ts";
import { ShapeError } from "../../errors.ts";
import type { ClassMaps } from "../../image/index.ts";
import type { LabelRules } from "../labels.ts";
import type { Plan2d } from "../plan/types.ts";
import { type PredictPatches, slidingWindow, type WindowSettings } from "./sliding-window.ts";

/** What a sliding window needs to know of a planned network. */
export function windowSettingsOf(
  { patchSize: [height, width] }: Pick<Plan2d, "patchSize">,
  { outputs, regions }: LabelRules,
): WindowSettings {
  return { patch: { height, width }, outputs, areExclusive: regions === undefined };
}

/**
 * Logits of a preprocessed case, averaged over the networks of several folds.
 *
 * @returns logits [K, H, W] of the preprocessed case; `restore` brings them to the original image
 * @throws as `slidingWindow`
 */
export async function predictCase(
  image: Planes,
  networks: readonly PredictPatches[],
  settings: WindowSettings,
): Promise<ClassMaps<"logits">> {
  if (networks.length === 0) throw new ShapeError("predictCase: there must be at least one network");
  let sum: Float64Array | undefined;
  let last: ClassMaps<"logits"> | undefined;
  for (const predict of networks) {
    last = await slidingWindow(image, predict, settings);
    if (networks.length === 1) return last;
    sum ??= new Float64Array(last.data.length);
    for (let i = 0; i < sum.length; i++) sum[i]! += last.data[i]!;
  }
  return { ...last!, data: Float32Array.from(sum!, (value) => value / networks.length) };
}
