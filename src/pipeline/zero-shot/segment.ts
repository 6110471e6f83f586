import { basename } from "node:path";
import { logitsSideOf } from "../../models/sam/index.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Item, type Outcome, runItems } from "../../run/items.ts";
import { decodeImage } from "../../scans/decode-image.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { loadClip, loadSam } from "../models/model.ts";
import { modelWarnings } from "../models/model-content.ts";
import { clipRecord, fileRecord, noiseOfFile, samRecord, sessionOptions } from "../models/models-of-run.ts";
import { dryRun } from "./dry-run.ts";
import { keptEmbeddings } from "./embedding-cache.ts";
import { header, promptedItems, type RunOptions, refinedRecord, summaryOf } from "./items.ts";
import { memoryPlan } from "./memory-plan.ts";
import {
  boxNumbers,
  rawRefined,
  rawSaliency,
  requireWritableNames,
  writeCoarse,
  writeRaw,
  writeRefined,
  writeSaliency,
} from "./outputs.ts";
import { SegmentSettings } from "./settings.ts";
import { coarseStep, countForeground, RefineStep, SaliencyStep, type StageTimes, timed } from "./steps.ts";
import { noPrompt, textPrompts } from "./text-prompts.ts";

/**
 * The zero-shot pipeline over files: image and text to saliency map, coarse mask and mask.
 *
 * @throws WeightsError, ConfigError before any work is done; what concerns one image is an event
 */
export async function* runSegment(settings: SegmentSettings, { signal }: RunOptions = {}): AsyncGenerator<RunEvent> {
  const { out, raw, mode } = settings;
  const { inputs, ...found } = await findInputs(settings.inputs, out);
  requireWritableNames(inputs, raw);
  const prompts = await textPrompts(settings, inputs);
  const { plan, message } = await memoryPlan(settings.maxMemory, { saliency: settings, sam: settings.sam });
  if (message !== undefined) yield { type: "stage", message };
  const run = await sessionOptions(settings);
  for (const message of [...found.warnings, ...prompts.warnings, ...run.warnings]) yield { type: "warning", message };
  yield { type: "stage", message: "opening models" };
  const options = { ...run.session, ...plan.options, precision: settings.samPrecision };
  const text = await loadClip(settings.clip, settings.clipConfig, options);
  const promptable = await loadSam(settings.sam, options);
  for (const message of [...modelWarnings(text, settings.fit), ...promptable.sam.warnings]) yield { type: "warning", message };
  const saliencyStep = new SaliencyStep(text, settings);
  const refineStep = new RefineStep(promptable, settings, keptEmbeddings(settings.cache, promptable));
  const noise = await noiseOfFile(settings, saliencyStep.method);
  if (settings.dryRun) {
    yield* dryRun("segment", inputs, { saliency: saliencyStep.method, sam: promptable.sam }, options);
    return;
  }
  yield { type: "stage", message: "checking weights" };
  const weights = {
    ...(await clipRecord(text)),
    ...(await samRecord(promptable)),
    ...(settings.noise && { noise: await fileRecord(settings.noise) }),
  };
  const recorded = { ...settings, layer: saliencyStep.method.layer };
  const samPrecision = promptable.sam.options.precision;
  const about = header("segment", SegmentSettings, recorded, weights, { ...run, leftOut: found.leftOut, samPrecision });
  for (const message of saliencyStep.method.warnings) yield { type: "warning", message };
  const folders = ["saliency", "coarse", "masks", "overlay", ...(raw ? (["raw"] as const) : [])] as const;
  const items = promptedItems(inputs, prompts, folders, out);
  const side = logitsSideOf(promptable.sam.config);
  const process = async ({ name, file, prompt }: Item): Promise<Outcome> => {
    if (!prompt) throw noPrompt({ file }, settings);
    const ms: StageTimes = {};
    const { image, warnings } = await timed(ms, "decode", () => decodeImage(file, { mode }));
    const map = await saliencyStep.run(image, basename(file), prompt, ms, noise);
    if (plan.oneModelAtATime) await Promise.all([saliencyStep.dispose(), text.clip.dispose()]);
    const cut = coarseStep(map.gray, map.window, settings);
    const refined = await refineStep.run(image, cut.coarse, basename(file), ms);
    if (plan.oneModelAtATime) await promptable.sam.release();
    await timed(ms, "write", async () => {
      await writeSaliency(out, name, map.gray);
      await writeCoarse(out, name, cut.coarse);
      await writeRefined(out, name, { image, saliency: map.gray, coarse: cut.coarse, refined }, run.label);
      if (raw) await writeRaw(out, name, { ...rawSaliency(map.saliency, map.capacity), ...rawRefined(refined, side) });
    });
    return {
      record: {
        file,
        width: image.width,
        height: image.height,
        prompt,
        ...(map.window && { window: boxNumbers(map.window) }),
        ...(cut.level !== undefined && { level: cut.level }),
        coarseAreaPx: countForeground(cut.coarse),
        ...refinedRecord(refined),
        ms,
      },
      warnings: [...warnings, ...map.warnings, ...cut.warnings, ...refined.warnings],
      summary: summaryOf(refined),
    };
  };
  yield* streamThenDispose(
    () => runItems(items, process, { out, header: about, overwrite: settings.overwrite, signal }),
    saliencyStep,
    text.clip,
    promptable.sam,
  );
}
