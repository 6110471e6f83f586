import { requireWritableNames } from "../../results/layout.ts";
import { resultWriters } from "../../results/writers.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Outcome, runItems } from "../../run/items.ts";
import { readRuns } from "../../run/record/record.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import type { Scan } from "../../scans/scan.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { loadClip, loadSam } from "../models/model.ts";
import { modelWarnings } from "../models/model-content.ts";
import { clipRecord, fileRecord, noiseOfFile, samRecord, sessionOptions } from "../models/models-of-run.ts";
import { samUse, untrainedUse, variantOf } from "../models/sam-variant.ts";
import { viewOf } from "../settings.ts";
import { calibrationOf } from "./calibration-file.ts";
import { dryRun } from "./dry-run.ts";
import { keptEmbeddings } from "./embedding-cache.ts";
import { ImageStep, imageFiles } from "./image-step.ts";
import { header, promptedItems, promptKeys, promptWarnings, scanNameOf, type TargetItem } from "./items.ts";
import { memoryPlan } from "./memory-plan.ts";
import { RefineStep } from "./refine-step.ts";
import { SaliencyStep } from "./saliency-step.ts";
import { pictureWarnings, requireStudies, ScanExport } from "./scan-export.ts";
import { isAlone, isScan, type ScanItem, scanItem, withScans } from "./scan-items.ts";
import { ScanStep } from "./scan-step.ts";
import { SegmentSettings } from "./settings.ts";
import { textPrompts } from "./text-prompts.ts";
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
  const { calibration, warnings: aboutPresence } = await calibrationOf(recorded, weights);
  for (const message of aboutPresence) yield { type: "warning", message };
  const judge = calibration && { calibration: await fileRecord(settings.calibration!) };
  const used = { ...run, ...samUse(promptable.sam), leftOut: found.leftOut, all, classAware: settings.classAware };
  const about = header("segment", SegmentSettings, recorded, { ...weights, ...judge }, used);
  for (const message of saliencyStep.method.warnings) yield { type: "warning", message };
  const steps = new ZeroShotSteps(saliencyStep, refineStep, settings, { ...options, calibration });
  const imageStep = new ImageStep({ steps, text, promptable }, settings, {
    ...{ view, all, noise, label: run.label, oneModelAtATime: plan.oneModelAtATime },
  });
  const scanExport = new ScanExport(settings, all, weights);
  const { images: earlier } = items.some(({ image }) => image.frame) ? await readRuns(out) : { images: new Map() };
  const exportedFiles = (scan: Scan, name: string) => scanExport.filesOf(scan, earlier.get(name));
  const own = items.map((item) =>
    isAlone(item) ? { ...item, outputs: [...item.outputs, ...exportedFiles(item.image.frame!.scan, item.name)] } : item,
  );
  const todo = withScans(own, (scan) => [...scanStep.filesOf(scan), ...exportedFiles(scan.scan, scan.name)]);
  const alone = new Map(own.filter(isAlone).map((item) => [item.name, scanItem(item.image.frame!.scan, [item])]));
  const scans = [...todo.filter(isScan), ...alone.values()];
  for (const message of new Set(scans.flatMap(({ scan }) => scanExport.warningsOf(scan)))) yield { type: "warning", message };
  const process = async (item: TargetItem | ScanItem): Promise<Outcome> => {
    const made = isScan(item) ? await scanStep.run(item) : await imageStep.run(item);
    const scan = isScan(item) ? item : alone.get(item.name);
    if (!scan) return made;
    const { warnings, ...exported } = await scanExport.write(scan.scan, scan.name, scan.frames, earlier.get(scan.name)?.files);
    return { ...made, record: { ...made.record, ...exported }, warnings: [...made.warnings, ...warnings] };
  };
  yield* streamThenDispose(
    async function* (): AsyncGenerator<RunEvent> {
      const events = runItems(todo, process, {
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
        const pictures = own.filter(({ image }) => !image.frame);
        const shared = await scanExport.writeShared(scans.filter(isDone), pictures.filter(isDone));
        const lines = [...(event.lines ?? []), ...saliencyStep.summary, ...shared.flatMap(({ files }) => files)];
        yield { ...event, ...(lines.length > 0 && { lines }) };
      }
    },
    steps,
    saliencyStep,
    text.clip,
    promptable.sam,
  );
}
