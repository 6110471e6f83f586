import { basename } from "node:path";
import { areaPx, blankWarnings } from "../../image/index.ts";
import { logitsSideOf } from "../../models/sam/index.ts";
import { type ResultPlace, requireWritableNames, type TargetFolder, targetFile } from "../../results/layout.ts";
import { writeGray, writeMask } from "../../results/png.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Outcome, runItems } from "../../run/items.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { decodeImage } from "../../scans/decode-image.ts";
import type { Target } from "../../targets/target.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { loadClip, loadSam } from "../models/model.ts";
import { modelWarnings } from "../models/model-content.ts";
import { clipRecord, fileRecord, noiseOfFile, samRecord, sessionOptions } from "../models/models-of-run.ts";
import { dryRun } from "./dry-run.ts";
import { keptEmbeddings } from "./embedding-cache.ts";
import { header, outcomeOf, promptedItems, promptKeys, promptWarnings, refinedRecord, summaryOf, type TargetItem } from "./items.ts";
import { memoryPlan } from "./memory-plan.ts";
import { boxNumbers, rawRefined, rawSaliency, writeRaw } from "./raw-file.ts";
import { SegmentSettings } from "./settings.ts";
import { similarMaskWarnings } from "./similar-masks.ts";
import { coarseStep, RefineStep, SaliencyStep, type StageTimes, stepWarnings, timed } from "./steps.ts";
import { noPrompt, textPrompts } from "./text-prompts.ts";
import { givenGeometry, writeMasks, writer } from "./write-masks.ts";

/**
 * The zero-shot pipeline over files: image and text to saliency map, coarse mask and mask.
 *
 * @throws WeightsError, ConfigError before any work is done; problems of one image are events
 */
export async function* runSegment(settings: SegmentSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out, raw, mode } = settings;
  const { inputs, ...found } = await findInputs(settings.inputs, out);
  requireWritableNames(inputs, raw);
  const prompts = await textPrompts(settings, inputs);
  const { all } = prompts;
  const steps: readonly TargetFolder[] = ["saliency", "coarse", ...(raw ? (["raw"] as const) : [])];
  const outputs = (place: ResultPlace, targets: readonly Target[]) => [
    ...targets.flatMap((target) => steps.map((folder) => targetFile(folder, target, place))),
    ...writer.filesOf(place, targets),
  ];
  const items = promptedItems(inputs, prompts, outputs, out);
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
  const samPrecision = promptable.sam.options.precision;
  const about = header("segment", SegmentSettings, recorded, weights, { ...run, leftOut: found.leftOut, samPrecision, all: prompts.all });
  for (const message of saliencyStep.method.warnings) yield { type: "warning", message };
  const side = logitsSideOf(promptable.sam.config);
  const process = async ({ name, file, lookFor }: TargetItem): Promise<Outcome> => {
    if (lookFor.length === 0) throw noPrompt({ file }, settings);
    const ms: StageTimes = {};
    const place = { out, name, all };
    const { image, warnings, geometry = givenGeometry(settings) } = await timed(ms, "decode", () => decodeImage(file, { mode }));
    const texts = lookFor.map(({ sentences }) => sentences);
    const maps = await saliencyStep.run(image, basename(file), texts, ms, noise);
    if (plan.oneModelAtATime) await Promise.all([saliencyStep.dispose(), text.clip.dispose()]);
    const cuts = maps.map((map) => coarseStep(map.gray, map.window, settings));
    const coarse = cuts.map((cut, i) => ({ coarse: cut.coarse, isAbsent: maps[i]!.isAbsent }));
    const masks = await refineStep.run(image, coarse, basename(file), ms);
    if (plan.oneModelAtATime) await promptable.sam.release();
    const found = lookFor.map((target, i) => ({ target, map: maps[i]!, cut: cuts[i]!, refined: masks[i]! }));
    await timed(ms, "write", async () => {
      for (const { target, map, cut, refined } of found) {
        await writeGray(targetFile("saliency", target, place), map.gray);
        await writeMask(targetFile("coarse", target, place), cut.coarse);
        if (!raw) continue;
        const arrays = { ...rawSaliency(map.saliency, map.capacity), ...rawRefined(refined, side) };
        await writeRaw(targetFile("raw", target, place), arrays);
      }
      const targets = found.map(({ target, map, cut, refined }) => ({ target, saliency: map.gray, coarse: cut.coarse, ...refined }));
      await writeMasks(place, { image, geometry, targets, note: run.label }, promptable.sam.config.imageSize);
    });
    const { width, height } = image;
    const { window } = maps[0]!;
    const outcome = outcomeOf(
      found.map(({ target, map, cut, refined }) => {
        const ofMask = refinedRecord(refined, geometry?.spacing);
        const level = cut.level !== undefined && { level: cut.level };
        return {
          target,
          record: { prompt: target.sentences, absent: map.isAbsent || undefined, ...level, coarseAreaPx: areaPx(cut.coarse), ...ofMask },
          warnings: stepWarnings(map, cut, refined),
          summary: summaryOf(ofMask),
        };
      }),
    );
    return {
      record: { file, width, height, ...(window && { window: boxNumbers(window) }), ...outcome.record, ms },
      warnings: [
        ...warnings,
        ...blankWarnings(image),
        ...similarMaskWarnings(lookFor.map((target, i) => ({ target, mask: masks[i]!.mask }))),
        ...outcome.warnings,
      ],
      summary: outcome.summary,
    };
  };
  yield* streamThenDispose(
    () =>
      runItems(items, process, {
        ...{ out, header: about, overwrite: settings.overwrite, signal, told, prompts: promptKeys(prompts) },
        begin: () => writer.begin({ out, all }),
      }),
    saliencyStep,
    text.clip,
    promptable.sam,
  );
}
