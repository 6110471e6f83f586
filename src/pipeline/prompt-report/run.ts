import { join } from "node:path";
import { concernsOneInput, InputError, throwIfCancelled } from "../../errors.ts";
import { areaPx, blankWarnings, clipView, type Image, overlay } from "../../image/index.ts";
import { mean } from "../../metrics/index.ts";
import { requireWritableNames } from "../../results/layout.ts";
import { writeRgb } from "../../results/png.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { effectiveSettings } from "../../run/settings/effect.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { decodeInput } from "../../scans/decode-image.ts";
import type { ImageInput } from "../../scans/list-images.ts";
import { unnamedTarget } from "../../targets/target.ts";
import { cosine } from "../../tensor/cosine.ts";
import { requireWords } from "../../text/reading.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { version } from "../../version.ts";
import { loadClip, loadSam } from "../models/model.ts";
import { modelWarnings, type TextImageModel } from "../models/model-content.ts";
import { clipRecord, samRecord, sessionOptions } from "../models/models-of-run.ts";
import { variantOf } from "../models/sam-variant.ts";
import { viewOf } from "../settings.ts";
import { alignedLines } from "../text-table.ts";
import { dryRun } from "../zero-shot/images/dry-run.ts";
import { streamName } from "../zero-shot/images/items.ts";
import { keptEmbeddings } from "../zero-shot/steps/embedding-cache.ts";
import { RefineStep } from "../zero-shot/steps/refine-step.ts";
import { SaliencyStep } from "../zero-shot/steps/saliency-step.ts";
import { ZeroShotSteps } from "../zero-shot/zero-shot-steps.ts";
import { type Comparison, compared, type Found, meanComparison, verdictOf } from "./compare.ts";
import { beginReport, pictureFile, requireFolderForReport } from "./folder.ts";
import { type PromptReportFile, promptReportFile, writePromptReport } from "./record.ts";
import { PromptReportSettings } from "./settings.ts";
import { type PromptKind, type Wording, wordingsOf } from "./wordings.ts";

/** The results of an image. */
interface ImageResult {
  readonly record: PromptReportFile["images"][number];
  readonly found: readonly Found[];
}

/**
 * `medclip-sam prompt-report`: does the model read the sentence, or just the picture? The same images with the right text prompt, paraphrases of it,
 * contradictory ones, ones that say nothing, and gibberish. Each image is encoded once for all of them.
 *
 *   OUT/prompt-report.json     all numbers, and the answer in a sentence with its rule
 *   OUT/pictures/NAME/ID.png   maps and masks of the first images
 *
 * @throws ConfigError when OUT holds a report, and `overwrite` is not set, or pictures that are of no report; InputError when no image can be used
 */
export async function* runPromptReport(settings: PromptReportSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { out, prompt: target, seed } = settings;
  for (const text of [target, ...settings.paraphrase, ...settings.contradiction]) requireWords(text, "prompt-report");
  await requireFolderForReport(out, settings);
  const wordings = wordingsOf({ ...settings, target }, seed);
  const { inputs, ...found } = await findInputs(settings.inputs, out, { frames: settings });
  requireWritableNames(inputs, false);
  const run = await sessionOptions(settings);
  for (const message of [...found.warnings, ...run.warnings]) yield { type: "warning", message };
  yield { type: "stage", message: "opening models" };
  const options = { ...run.session, ...variantOf(settings), precision: settings.samPrecision };
  const text = await loadClip(settings.clip, settings.clipConfig, options);
  const promptable = await loadSam(settings.sam, options);
  for (const message of [...modelWarnings(text, settings.fit), ...promptable.sam.warnings]) yield { type: "warning", message };
  const saliency = new SaliencyStep(text, settings, undefined, { readsAny: true });
  for (const message of saliency.warningsOf([target])) yield { type: "warning", message };
  const refine = new RefineStep(promptable, settings, keptEmbeddings(settings.cache, promptable));
  const steps = new ZeroShotSteps(saliency, refine, settings, options);
  if (settings.dryRun) {
    const lookFor = wordings.map(({ text }) => unnamedTarget([text]));
    yield* dryRun(
      "prompt-report",
      inputs.map((input) => ({ ...input, lookFor })),
      { saliency: saliency.method, sam: promptable.sam },
      options,
    );
    return;
  }
  const examine = async (input: ImageInput, features: readonly Float32Array[], done: number): Promise<ImageResult> => {
    const { image, warnings } = await decodeInput(input, viewOf(settings));
    const texts = wordings.map(({ text }) => [text]);
    const found = await steps.run(image, streamName(input), texts, {});
    const feature = await text.clip.imageFeatures(clipView(image, settings.fit, text.clip.config.vision.imageSize).pixels);
    const all = found.map(
      ({ map, refined }, i): Found => ({ capacity: map.capacity, mask: refined.mask, score: cosine(feature, features[i]!) }),
    );
    const layers = found.map(({ map, refined }) => ({ saliency: map.gray, mask: refined.mask }));
    if (done === 0) await beginReport(out);
    const pictures = done < settings.pictures ? await drawn(image, input.name, layers) : undefined;
    const record = {
      ...{ name: input.name, file: input.file, warnings: [...warnings, ...blankWarnings(image)] },
      scores: byId(
        wordings,
        all.map(({ score }) => score),
      ),
      compared: byId(
        wordings.slice(1),
        all.slice(1).map((other) => compared(all[0]!, other)),
      ),
      ...(pictures && { pictures }),
    };
    return { record, found: all };
  };
  const drawn = async (image: Image, name: string, layers: readonly Parameters<typeof overlay>[1][]): Promise<Record<string, string>> => {
    const files = wordings.map(({ id }) => pictureFile(name, id));
    for (const [i, layer] of layers.entries()) await writeRgb(join(out, files[i]!), overlay(image, { ...layer, label: run.label }));
    return byId(wordings, files);
  };
  yield* streamThenDispose(
    async function* (): AsyncGenerator<RunEvent> {
      yield { type: "start", command: "prompt-report", total: inputs.length, done: 0, out };
      const features = await featuresOf(text, wordings);
      const results: ImageResult[] = [];
      const failed: PromptReportFile["failed"] = [];
      for (const input of inputs) {
        throwIfCancelled(signal);
        const { name, file } = input;
        const begun = performance.now();
        try {
          const result = await examine(input, features, results.length);
          results.push(result);
          yield { type: "item", name, ms: Math.round(performance.now() - begun), warnings: result.record.warnings };
        } catch (error) {
          if (!concernsOneInput(error)) throw error;
          failed.push({ name, file, message: error.message });
          yield { type: "failure", name, message: error.message, code: error.code };
        }
      }
      if (results.length === 0) throw new InputError("prompt-report: no image could be used, so there is nothing to compare.");
      const content: PromptReportFile = {
        ...{ version, target, settings: effectiveSettings(PromptReportSettings, settings) },
        weights: { ...(await clipRecord(text)), ...(await samRecord(promptable)) },
        notices: [...run.notices],
        ...summaryOf(results, wordings, (sentence) => saliency.warningsOf([sentence])),
        failed,
      };
      await writePromptReport(out, content);
      const lines = [...linesOf(content), "", content.verdict.sentence, promptReportFile(out)];
      yield { type: "end", done: results.length, skipped: 0, failed: failed.length, ms: Math.round(performance.now() - start), lines };
    },
    steps,
    saliency,
    text.clip,
    promptable.sam,
  );
}

/** The text features of each wording. */
async function featuresOf({ clip, tokenizer }: TextImageModel, wordings: readonly Wording[]): Promise<Float32Array[]> {
  const { contextLength } = clip.config;
  const features: Float32Array[] = [];
  for (const { text } of wordings) features.push(await clip.textFeatures(tokenizer.encode(text, { contextLength }).ids));
  return features;
}

const byId = <T>(wordings: readonly Wording[], values: readonly T[]): Record<string, T> =>
  Object.fromEntries(wordings.map(({ id }, i) => [id, values[i]!]));

/** Means over the images, by text prompt and by kind, and the answer that they give. */
function summaryOf(
  results: readonly ImageResult[],
  wordings: readonly Wording[],
  warningsOf: (sentence: string) => string[],
): Pick<PromptReportFile, "verdict" | "prompts" | "kinds" | "images"> {
  const comparisons = ({ id }: Wording): Comparison[] => results.flatMap(({ record }) => record.compared[id] ?? []);
  const of = (kind: PromptKind) => meanComparison(wordings.filter((wording) => wording.kind === kind).flatMap(comparisons));
  const kinds = { paraphrase: of("paraphrase"), contradiction: of("contradiction"), null: of("null"), gibberish: of("gibberish") };
  const prompts = wordings.map((wording, i) => {
    const { kind, text } = wording;
    const score = mean(results.map(({ found }) => found[i]!.score));
    const emptyMasks = results.filter(({ found }) => areaPx(found[i]!.mask) === 0).length;
    const own = { kind, text, warnings: warningsOf(text), score, emptyMasks };
    return kind === "right" ? own : { ...own, compared: meanComparison(comparisons(wording)) };
  });
  return { verdict: verdictOf(kinds), prompts: byId(wordings, prompts), kinds, images: results.map(({ record }) => record) };
}

/** The means by kind as a table. */
function linesOf({ kinds }: PromptReportFile): string[] {
  const number = ({ mean }: { readonly mean: number | null }) => (mean === null ? "-" : mean.toFixed(3));
  const rows = Object.entries(kinds).map(([kind, { pearson, rank, iou, margin }]) => [kind, ...[pearson, rank, iou, margin].map(number)]);
  return alignedLines([["prompts", "correlation", "rank", "IoU", "margin"], ...rows]);
}
