import { z } from "zod";
import { decodeImage } from "../formats/decode.ts";
import type { GrayImage, Image, Mask, SaliencyMap } from "../image/index.ts";
import type { SamOptions } from "../segment/index.ts";
import { loadClip, loadSam, type PromptableModel, type TextImageModel } from "./model.ts";
import { CoarseSettings, CommonSettings, RefineSettings, SaliencySettings } from "./settings.ts";
import { coarseStep, type RefineResult, RefineStep, SaliencyStep } from "./steps.ts";

/**
 * What the zero-shot road needs: a model that relates words to image regions, and one that turns a hint into a mask. It keeps
 * what repeated calls share: compiled graphs and the features of sentences. Call `dispose` when done.
 */
export class ZeroShotModel {
  readonly text: TextImageModel;
  readonly mask: PromptableModel;
  private readonly steps = new Map<string, SaliencyStep>();

  constructor(text: TextImageModel, mask: PromptableModel) {
    this.text = text;
    this.mask = mask;
  }

  /** The saliency step with these settings, made once. */
  saliency(settings: SaliencySettings & CommonSettings): SaliencyStep {
    const { layer, beta, steps, samples, lr, fit, fast, mode, seed } = settings;
    const key = JSON.stringify({ layer, beta, steps, samples, lr, fit, fast, mode, seed });
    const step = this.steps.get(key) ?? new SaliencyStep(this.text, settings);
    this.steps.set(key, step);
    return step;
  }

  async dispose(): Promise<void> {
    for (const step of this.steps.values()) await step.dispose();
    this.steps.clear();
    await this.text.clip.dispose();
    await this.mask.sam.dispose();
  }
}

/**
 * Opens the two models of the zero-shot road. Nothing is computed yet.
 *
 * @param models - folders, weights files or short names of published models in the Hugging Face cache
 * @throws WeightsError when files are missing or do not fit
 * @example const model = await loadModel({ clip: "models/biomedclip", sam: "models/sam_vit_b_01ec64.pth" });
 */
export async function loadModel(
  models: { readonly clip: string; readonly sam: string; readonly clipConfig?: string },
  options: SamOptions = {},
): Promise<ZeroShotModel> {
  return new ZeroShotModel(await loadClip(models.clip, models.clipConfig, options), await loadSam(models.sam, options));
}

const Options = z.strictObject({
  ...CommonSettings.omit({ device: true, threads: true, maxMemory: true }).shape,
  ...SaliencySettings.omit({ clip: true, clipConfig: true, noise: true }).shape,
  ...CoarseSettings.shape,
  ...RefineSettings.omit({ sam: true, samPrecision: true }).shape,
  name: z.string().default("image").describe("names the streams of noise and points; by default that of the file"),
});

/** Everything that can be chosen about a segmentation; all of it has defaults. */
export type SegmentOptions = z.input<typeof Options>;

/** A mask and how it came about. */
export interface Segmentation extends Omit<RefineResult, "warnings"> {
  readonly mask: Mask;
  readonly saliency: SaliencyMap;
  /** The saliency map in 8 bits, as files hold it. */
  readonly gray: GrayImage;
  readonly coarse: Mask;
  /** Sentences about anything a user should look at: an empty mask, a cut prompt, a guessed intensity range. */
  readonly warnings: readonly string[];
}

/**
 * Segments what a text describes.
 *
 * @param image - a file, or pixels
 * @param text - a sentence, or several that are averaged
 * @example const { mask, saliency } = await segment(model, "case-01.png", "A chest X-ray showing the lungs", { keep: 2 });
 */
export async function segment(
  model: ZeroShotModel,
  image: string | Image,
  text: string | readonly string[],
  options: SegmentOptions = {},
): Promise<Segmentation> {
  const settings = { ...Options.parse(options), device: "cpu" as const };
  const decoded = typeof image === "string" ? await decodeImage(image, { mode: settings.mode }) : { image, warnings: [] };
  const name = typeof image === "string" && options.name === undefined ? (image.split(/[/\\]/).at(-1) ?? image) : settings.name;
  const step = model.saliency(settings);
  const map = await step.run(decoded.image, name, typeof text === "string" ? [text] : text, {});
  const cut = coarseStep(map.gray, map.window, settings);
  const refined = await new RefineStep(model.mask, settings).run(decoded.image, cut.coarse, name, {});
  return {
    ...refined,
    saliency: map.saliency,
    gray: map.gray,
    coarse: cut.coarse,
    warnings: [...decoded.warnings, ...step.m2ib.warnings, ...map.warnings, ...cut.warnings, ...refined.warnings],
  };
}
