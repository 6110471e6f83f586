import { addTo } from "../../../add-to.ts";
import type { MaskStack } from "../../../image/index.ts";
import {
  type Propagation,
  propagate,
  type SliceConfidence,
  type SlicePrediction,
  smoothAlongNormal,
  stackComponents,
} from "../../../volume/index.ts";
import type { VolumeSettings } from "../settings/scans.ts";

/** What a slice of a volume gives when it is prompted with the mask of its neighbour. */
export type PredictSlice = (slice: number, mask: SlicePrediction["mask"]) => Promise<SlicePrediction>;

/**
 * The masks of a volume's slices, made consistent with one another: masks are propagated to neighbours, then smoothed along the normal, then small
 * components of the volume are dropped. Each part can be left out.
 */
export async function consistent(
  stack: MaskStack,
  confidences: readonly (SliceConfidence | undefined)[],
  predict: PredictSlice,
  settings: VolumeSettings & { readonly signal?: AbortSignal | undefined },
): Promise<{ readonly stack: MaskStack; readonly warnings: readonly string[] }> {
  const propagated = settings.propagate
    ? await propagate(stack, confidences, (slice, { mask }) => predict(slice, mask), { signal: settings.signal })
    : undefined;
  const smooth =
    settings.smoothSlices > 0 ? smoothAlongNormal(propagated?.stack ?? stack, { reach: settings.smoothSlices }) : propagated?.stack;
  const all = smooth ?? stack;
  return { stack: settings.componentShare > 0 ? largeComponents(all, settings.componentShare) : all, warnings: stopWarnings(propagated) };
}

/** A stack without the components that are smaller than a share of the largest one. */
function largeComponents(stack: MaskStack, share: number): MaskStack {
  const found = stackComponents(stack);
  const least = share * Math.max(0, ...found.components.map(({ voxels }) => voxels));
  return found.maskOf(found.components.filter(({ voxels }) => voxels >= least));
}

/** Where propagation ended before the edge of the target: slices whose own mask stayed, though it fits badly. */
function stopWarnings(propagated: Propagation | undefined): string[] {
  const byReason = new Map<string, number[]>();
  for (const { slice, reason } of propagated?.stops ?? []) if (reason !== "empty") addTo(byReason, reason, slice + 1);
  return [...byReason].map(([reason, slices]) => `propagation stopped at slice ${slices.join(", ")} (${reason})`);
}
