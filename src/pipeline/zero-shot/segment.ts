import { requireWritableNames } from "../../results/layout.ts";
import { resultWriters } from "../../results/writers.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { runItems } from "../../run/items.ts";
import { readRuns } from "../../run/record/record.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { loadClip, loadSam } from "../models/model.ts";
import { modelWarnings } from "../models/model-content.ts";
import { clipRecord, fileRecord, noiseOfFile, samRecord, sessionOptions } from "../models/models-of-run.ts";
import { samUse, untrainedUse, variantOf } from "../models/sam-variant.ts";
import { viewOf } from "../settings.ts";
import { dryRun } from "./images/dry-run.ts";
import { ImageStep, imageFiles } from "./images/image-step.ts";
import { header, promptedItems, promptKeys, promptWarnings, scanNameOf, type TargetItem } from "./images/items.ts";
import { memoryPlan } from "./images/memory-plan.ts";
import { calibrationOf } from "./presence/calibration-file.ts";
import { pictureWarnings, requireStudies, ScanExport } from "./scans/scan-export.ts";
import type { ScanItem } from "./scans/scan-items.ts";
import { ScanStep } from "./scans/scan-step.ts";
import { ScansOfRun } from "./scans/scans-of-run.ts";
import { SegmentSettings } from "./settings/commands.ts";
import { keptEmbeddings } from "./steps/embedding-cache.ts";
import { RefineStep } from "./steps/refine-step.ts";
import { SaliencyStep } from "./steps/saliency-step.ts";
import { textPrompts } from "./targets/text-prompts.ts";
import { ZeroShotSteps } from "./zero-shot-steps.ts";

/**
 * The zero-shot pipeline over files: image and text to saliency map, coarse mask and mask.
 *
 * @throws WeightsError, ConfigError before any work is done; problems of one image are events
 */
export async function* runSegment(settings: SegmentSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out, raw } = settings;
  const view = viewOf(settings);
  const { inputs, ...found } = await findInputs(settings.inputs, out, { frames: settings });
  requireWritableNames(inputs, raw);
  requireStudies(inputs, settings.format);
  const prompts = await textPrompts(settings, inputs);
  const { all } = prompts;
  const items = promptedItems(inputs, prompts, (image, place, targets) => imageFiles(image, place, targets, settings), out);
  const { plan, message } = await memoryPlan(settings.maxMemory, { saliency: settings, sam: settings.sam });
  if (message !== undefined) yield { type: "stage", message };
  const run = await sessionOptions(settings);
  const pictures = pictureWarnings(inputs, settings.format);
  for (const message of [...found.warnings, ...pictures, ...prompts.warnings, ...run.warnings]) yield { type: "warning", message };
  yield { type: "stage", message: "opening models" };
  const options = { ...run.session, ...plan.options, ...variantOf(settings), precision: settings.samPrecision };
  const text = await loadClip(settings.clip, settings.clipConfig, options);
  const promptable = await loadSam(settings.sam, options);
  const aboutSam = [...promptable.sam.warnings, ...untrainedUse(promptable.sam, settings)];
  for (const message of [...modelWarnings(text, settings.fit), ...aboutSam]) yield { type: "warning", message };
  const saliencyStep = new SaliencyStep(text, settings);
  const refineStep = new RefineStep(promptable, settings, keptEmbeddings(settings.cache, promptable));
  const scanStep = new ScanStep(refineStep, settings, { view, all, signal });
  const noise = await noiseOfFile(settings, saliencyStep.method);
  const told = promptWarnings(items, saliencyStep);
  for (const message of told) yield { type: "warning", message };
  if (settings.dryRun) {
    yield* dryRun("segment", items, { saliency: saliencyStep.method, sam: promptable.sam }, options);
    return;
  }
  yield { type: "stage", message: "checking weights" };
  const weights = {
    ...(await clipRecord(text)),
    ...(await samRecord(promptable)),
    ...(settings.noise && { noise: await fileRecord(settings.noise) }),
  };
  const recorded = { ...settings, layer: saliencyStep.method.layer };
  const { calibration, warnings: aboutPresence } = await calibrationOf(
    recorded,
    weights,
    all.map(({ sentences }) => sentences),
  );
  for (const message of aboutPresence) yield { type: "warning", message };
  const judge = calibration && { calibration: await fileRecord(settings.calibration!) };
  const used = { ...run, ...samUse(promptable.sam), leftOut: found.leftOut, all, classAware: settings.classAware };
  const about = header("segment", SegmentSettings, recorded, { ...weights, ...judge }, used);
  for (const message of saliencyStep.method.warnings) yield { type: "warning", message };
  const steps = new ZeroShotSteps(saliencyStep, refineStep, settings, { ...options, calibration });
  const imageStep = new ImageStep({ steps, text, promptable }, settings, {
    ...{ view, all, noise, label: run.label, oneModelAtATime: plan.oneModelAtATime },
  });
  const { images: earlier } = items.some(({ image }) => image.frame) ? await readRuns(out) : { images: new Map() };
  const scans = new ScansOfRun(items, scanStep, new ScanExport(settings, all, weights), earlier);
  for (const message of scans.warnings) yield { type: "warning", message };
  const process = (item: TargetItem | ScanItem) => scans.process(item, (image) => imageStep.run(image));
  yield* streamThenDispose(
    async function* (): AsyncGenerator<RunEvent> {
      const events = runItems(scans.todo, process, {
        ...{ out, header: about, overwrite: settings.overwrite, signal, told, prompts: promptKeys(prompts), scanOf: scanNameOf },
        begin: () => resultWriters.png.begin({ out, all }),
      });
      const failed = new Set<string>();
      const isDone = ({ name }: { readonly name: string }) => !failed.has(name);
      for await (const event of events) {
        if (event.type === "failure") failed.add(event.name);
        if (event.type !== "end") {
          yield event;
          continue;
        }
        const lines = [...(event.lines ?? []), ...saliencyStep.summary, ...(await scans.writeShared(isDone))];
        yield { ...event, ...(lines.length > 0 && { lines }) };
      }
    },
    steps,
    saliencyStep,
    text.clip,
    promptable.sam,
  );
}
