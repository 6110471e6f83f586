import { basename } from "node:path";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Item, type Outcome, runItems } from "../../run/items.ts";
import { decodeImage } from "../../scans/decode-image.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { loadClip } from "../models/model.ts";
import { modelWarnings } from "../models/model-content.ts";
import { clipRecord, fileRecord, noiseOfFile, sessionOptions } from "../models/models-of-run.ts";
import { dryRun } from "./dry-run.ts";
import { header, promptedItems, type RunOptions } from "./items.ts";
import { memoryPlan } from "./memory-plan.ts";
import { boxNumbers, type OutputFolder, rawSaliency, requireWritableNames, writeRaw, writeSaliency } from "./outputs.ts";
import { SaliencyRunSettings } from "./settings.ts";
import { SaliencyStep, type StageTimes, timed } from "./steps.ts";
import { noPrompt, textPrompts } from "./text-prompts.ts";

/** The first step over files: image and text to saliency map. */
export async function* runSaliency(settings: SaliencyRunSettings, { signal }: RunOptions = {}): AsyncGenerator<RunEvent> {
  const { out, raw, mode } = settings;
  const { inputs, ...found } = await findInputs(settings.inputs, out);
  requireWritableNames(inputs, raw);
  const prompts = await textPrompts(settings, inputs);
  const { plan, message } = await memoryPlan(settings.maxMemory, { saliency: settings });
  if (message !== undefined) yield { type: "stage", message };
  const run = await sessionOptions(settings);
  for (const message of [...found.warnings, ...prompts.warnings, ...run.warnings]) yield { type: "warning", message };
  yield { type: "stage", message: "opening the model" };
  const options = { ...run.session, ...plan.options };
  const text = await loadClip(settings.clip, settings.clipConfig, options);
  for (const message of modelWarnings(text, settings.fit)) yield { type: "warning", message };
  const step = new SaliencyStep(text, settings);
  const noise = await noiseOfFile(settings, step.method);
  if (settings.dryRun) {
    yield* dryRun("saliency", inputs, { saliency: step.method }, options);
    return;
  }
  yield { type: "stage", message: "checking weights" };
  const weights = { ...(await clipRecord(text)), ...(settings.noise && { noise: await fileRecord(settings.noise) }) };
  const recorded = { ...settings, layer: step.method.layer };
  const about = header("saliency", SaliencyRunSettings, recorded, weights, { ...run, leftOut: found.leftOut });
  for (const message of step.method.warnings) yield { type: "warning", message };
  const folders: OutputFolder[] = ["saliency", ...(raw ? (["raw"] as const) : [])];
  const process = async ({ name, file, prompt }: Item): Promise<Outcome> => {
    if (!prompt) throw noPrompt({ file }, settings);
    const ms: StageTimes = {};
    const { image, warnings } = await timed(ms, "decode", () => decodeImage(file, { mode }));
    const map = await step.run(image, basename(file), prompt, ms, noise);
    await timed(ms, "write", async () => {
      await writeSaliency(out, name, map.gray);
      if (raw) await writeRaw(out, name, rawSaliency(map.saliency, map.capacity));
    });
    const { width, height } = image;
    return {
      record: { file, width, height, prompt, ...(map.window && { window: boxNumbers(map.window) }), ms },
      warnings: [...warnings, ...map.warnings],
      summary: `${width} x ${height}`,
    };
  };
  const items = promptedItems(inputs, prompts, folders, out);
  yield* streamThenDispose(() => runItems(items, process, { out, header: about, overwrite: settings.overwrite, signal }), step, text.clip);
}
