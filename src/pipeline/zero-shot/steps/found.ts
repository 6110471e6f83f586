import type { Judgement } from "../../../presence/index.ts";
import type { CoarseResult } from "./coarse-step.ts";
import type { RefineResult } from "./refine-step.ts";
import type { SaliencyResult } from "./saliency-step.ts";

/** What is found about the presence of a target, and how it was judged. */
export interface PresenceOfTarget extends Judgement {
  /** Of the calibration. */
  readonly threshold: number;
}

/** What the steps find of one target in an image. */
export interface Found {
  readonly map: SaliencyResult;
  readonly cut: CoarseResult;
  readonly refined: RefineResult;
  /** Where a calibration judged whether the image shows the target. */
  readonly presence?: PresenceOfTarget;
}

/** Whether a target counts as absent: by its map, or by a calibration. */
export function isAbsent({ map, presence }: Found): boolean {
  return map.isAbsent || (presence !== undefined && !presence.isPresent && presence.score !== null);
}
