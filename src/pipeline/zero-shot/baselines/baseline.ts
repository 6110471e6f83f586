import type { Image } from "../../../image/index.ts";
import type { PromptableModel, TextImageModel } from "../../models/model-content.ts";
import type { RegionSettings } from "../settings/baselines.ts";
import type { CoarseSettings } from "../settings/coarse.ts";
import type { SaliencySettings } from "../settings/saliency.ts";
import type { CoarseResult } from "../steps/coarse-step.ts";
import type { EmbeddingOfImage } from "../steps/image-embedding.ts";
import type { SaliencyResult, SaliencyStep } from "../steps/saliency-step.ts";
import type { StageTimes } from "../steps/stage-times.ts";

/** What takes the place of saliency map and coarse mask of a target. */
export interface Located {
  readonly map: SaliencyResult;
  readonly cut: CoarseResult;
}

/** The models that a baseline works with, and the step that reads texts. */
export interface BaselineModels {
  readonly text: TextImageModel;
  readonly mask: PromptableModel;
  readonly texts: Pick<SaliencyStep, "textOf">;
}

/** Settings of a run that may choose a baseline. */
export type BaselineSettings = Partial<RegionSettings> & Pick<SaliencySettings, "fit"> & Pick<CoarseSettings, "keep" | "minArea">;

/** Finds targets otherwise than by a saliency map. */
export interface Baseline {
  locate(image: Image, texts: readonly (readonly string[])[], embedding: EmbeddingOfImage, ms: StageTimes): Promise<Located[]>;
}
