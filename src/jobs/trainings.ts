import type { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import type { AdaptSettings as Adapt } from "../pipeline/adapt/settings.ts";
import type { FinetuneSettings } from "../pipeline/finetune/settings.ts";
import type { FinetuneSamSettings } from "../pipeline/finetune-sam/settings.ts";
import type { WeakPseudoLabelSettings } from "../pipeline/weak/pseudo-label/settings.ts";
import type { WeakRunSettings } from "../pipeline/weak/run/settings.ts";
import type { WeakTrainSettings } from "../pipeline/weak/train/settings.ts";
import type { RunEvent } from "../run/events.ts";
import { type StopOptions, stopOptions } from "../run/stop-options.ts";
import { jobs } from "./jobs.ts";

/** The settings of `medclip-sam finetune`, by their names in camelCase; those with a default may be left out. */
export type FineTuneSettings = z.input<typeof FinetuneSettings>;
/** The settings of `medclip-sam finetune-sam`, likewise. */
export type FineTuneSamSettings = z.input<typeof FinetuneSamSettings>;

/** The settings of `medclip-sam adapt`, likewise. */
export type AdaptSettings = z.input<typeof Adapt>;

/** The settings of `medclip-sam weak train`, likewise. */
export type TrainNnUnetSettings = z.input<typeof WeakTrainSettings>;

/** The settings of `medclip-sam weak pseudo-label`, likewise. */
export type PseudoLabelSettings = z.input<typeof WeakPseudoLabelSettings>;

/** The settings of `medclip-sam weak run`, likewise. */
export type WeakSupervisionSettings = z.input<typeof WeakRunSettings>;

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

/**
 * Trains a 2D nnU-Net on a data set in nnU-Net's layout, in this process: `medclip-sam weak train`, see `fineTune`. `loadNnUnet` opens `<out>`.
 *
 * @throws ConfigError that names each wrong setting; otherwise as the command fails
 * @example for await (const event of trainNnUnet({ data: "Dataset001_Lungs", preset: "quick", out: "run" })) console.log(event);
 */
export async function* trainNnUnet(settings: TrainNnUnetSettings, options: TrainingOptions = {}): AsyncGenerator<RunEvent> {
  checkedOptions(stopOptions, options, "trainNnUnet");
  const { WeakTrainSettings } = await import("../pipeline/weak/train/settings.ts");
  yield* (await jobs["weak train"]())(checkedOptions(WeakTrainSettings, settings, "trainNnUnet"), options);
}

/**
 * Makes a training set of images and a text prompt, and judges its masks without true ones, in this process: `medclip-sam weak pseudo-label`, see
 * `fineTune`. Models and their settings are those of a pack, by default the included one, unless `clip` and `sam` are given.
 *
 * @throws ConfigError that names each wrong setting; otherwise as the command fails
 * @example for await (const event of pseudoLabel({ inputs: ["scans"], prompt: ["breast lesion"], out: "labels" })) console.log(event);
 */
export async function* pseudoLabel(settings: PseudoLabelSettings, options: TrainingOptions = {}): AsyncGenerator<RunEvent> {
  checkedOptions(stopOptions, options, "pseudoLabel");
  const { WeakPseudoLabelSettings } = await import("../pipeline/weak/pseudo-label/settings.ts");
  const chosen = yield* withPack(WeakPseudoLabelSettings, settings, "pseudoLabel");
  yield* (await jobs["weak pseudo-label"]())(chosen, options);
}

/**
 * Weak supervision from images and a text prompt to an ensemble's masks, in this process: `medclip-sam weak run`, see `pseudoLabel`. Results are in
 * `<out>`, with `report.html`.
 *
 * @throws ConfigError that names each wrong setting; otherwise as the command fails
 * @example for await (const event of weakSupervision({ inputs: ["scans"], prompt: ["breast lesion"], out: "run" })) console.log(event);
 */
export async function* weakSupervision(settings: WeakSupervisionSettings, options: TrainingOptions = {}): AsyncGenerator<RunEvent> {
  checkedOptions(stopOptions, options, "weakSupervision");
  const { WeakRunSettings } = await import("../pipeline/weak/run/settings.ts");
  const chosen = yield* withPack(WeakRunSettings, settings, "weakSupervision");
  yield* (await jobs["weak run"]())(chosen, options);
}

/** Settings with the models and values of a pack, as the command line completes them. @throws ConfigError as `checkedOptions` */
async function* withPack<S extends z.ZodObject>(schema: S, settings: z.input<S>, where: string): AsyncGenerator<RunEvent, z.output<S>> {
  checkedOptions(schema, settings, where); // before a pack is looked for
  const { packMessages, packSettings } = await import("../pipeline/models/pack-settings.ts");
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const ofPack = await packSettings(schema, given);
  const chosen = checkedOptions(schema, { ...ofPack.values, ...given }, where);
  const { warnings, notes } = packMessages(ofPack, chosen);
  for (const message of warnings) yield { type: "warning", message };
  for (const message of notes) yield { type: "note", message };
  return chosen;
}
