import type { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import type { AdaptSettings as Adapt } from "../pipeline/adapt/settings.ts";
import type { FinetuneSettings } from "../pipeline/finetune/settings.ts";
import type { FinetuneSamSettings } from "../pipeline/finetune-sam/settings.ts";
import type { RunEvent } from "../run/events.ts";
import { type StopOptions, stopOptions } from "../run/stop-options.ts";
import { jobs } from "./jobs.ts";

/** The settings of `medclip-sam finetune`, by their names in camelCase; those with a default may be left out. */
export type FineTuneSettings = z.input<typeof FinetuneSettings>;
/** The settings of `medclip-sam finetune-sam`, likewise. */
export type FineTuneSamSettings = z.input<typeof FinetuneSamSettings>;

/** The settings of `medclip-sam adapt`, likewise. */
export type AdaptSettings = z.input<typeof Adapt>;

/** Stops a training between two steps, with a `CancelledError`. The same call resumes it. */
export type TrainingOptions = StopOptions;

/**
 * Fine-tunes a CLIP model on pairs of image and caption, in this process: `medclip-sam finetune` with the same settings, files and
 * resuming. The model is in `<out>/model`. A step blocks the thread that calls.
 *
 * @throws ConfigError that names each wrong setting; otherwise as the command fails
 * @example for await (const event of fineTune({ pairs: ["captions.csv"], clip: "models/biomedclip", out: "runs/first" })) console.log(event);
 */
export async function* fineTune(settings: FineTuneSettings, options: TrainingOptions = {}): AsyncGenerator<RunEvent> {
  checkedOptions(stopOptions, options, "fineTune");
  const { FinetuneSettings } = await import("../pipeline/finetune/settings.ts");
  yield* (await jobs.finetune())(checkedOptions(FinetuneSettings, settings, "fineTune"), options);
}

/**
 * Fine-tunes a SAM model on images with masks, in this process: `medclip-sam finetune-sam`, see `fineTune`.
 *
 * @throws ConfigError that names each wrong setting; otherwise as the command fails
 * @example for await (const event of fineTuneSam({ data: "scans", sam: "models/sam_vit_b_01ec64.pth", out: "runs/sam" })) console.log(event);
 */
export async function* fineTuneSam(settings: FineTuneSamSettings, options: TrainingOptions = {}): AsyncGenerator<RunEvent> {
  checkedOptions(stopOptions, options, "fineTuneSam");
  const { FinetuneSamSettings } = await import("../pipeline/finetune-sam/settings.ts");
  yield* (await jobs["finetune-sam"]())(checkedOptions(FinetuneSamSettings, settings, "fineTuneSam"), options);
}

/**
 * Adapts a pack to images with outlines of one target, and measures the gain on held-out ones, in this process: `medclip-sam adapt`, see `fineTune`. The
 * adapted pack is `<out>`.
 *
 * @throws ConfigError that names each wrong setting; otherwise as the command fails
 * @example for await (const event of adapt({ data: "scans", prompt: ["the skin lesion"], out: "my-pack" })) console.log(event);
 */
export async function* adapt(settings: AdaptSettings, options: TrainingOptions = {}): AsyncGenerator<RunEvent> {
  checkedOptions(stopOptions, options, "adapt");
  const { AdaptSettings } = await import("../pipeline/adapt/settings.ts");
  yield* (await jobs.adapt())(checkedOptions(AdaptSettings, settings, "adapt"), options);
}
