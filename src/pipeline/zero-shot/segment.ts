import { areaPx, blankWarnings, turnBack } from "../../image/index.ts";
import { logitsSideOf } from "../../models/sam/index.ts";
import { type ResultPlace, requireWritableNames, type TargetFolder, targetFile } from "../../results/layout.ts";
import { writeGray, writeMask } from "../../results/png.ts";
import { resultWriters } from "../../results/writers.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Outcome, runItems } from "../../run/items.ts";
import { readRuns } from "../../run/record/record.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { decodeInput } from "../../scans/decode-image.ts";
import type { ImageInput } from "../../scans/list-images.ts";
import type { Scan } from "../../scans/scan.ts";
import { probabilityLevels } from "../../segment/index.ts";
import type { Target } from "../../targets/target.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { loadClip, loadSam } from "../models/model.ts";
import { modelWarnings } from "../models/model-content.ts";
import { clipRecord, fileRecord, noiseOfFile, samRecord, sessionOptions } from "../models/models-of-run.ts";
import { viewOf } from "../settings.ts";
import { dryRun } from "./dry-run.ts";
import { keptEmbeddings } from "./embedding-cache.ts";
import {
  header,
  outcomeOf,
  promptedItems,
  promptKeys,
  promptWarnings,
  refinedRecord,
  scanNameOf,
  sourceRecord,
  streamName,
  summaryOf,
  type TargetItem,
} from "./items.ts";
import { memoryPlan } from "./memory-plan.ts";
import { boxNumbers, rawRefined, rawSaliency, writeRaw } from "./raw-file.ts";
import { pictureWarnings, ScanExport } from "./scan-export.ts";
import { isAlone, isScan, type ScanItem, scanItem, withScans } from "./scan-items.ts";
import { isMadeConsistent, ScanStep } from "./scan-step.ts";
import { SegmentSettings } from "./settings.ts";
import { similarMaskWarnings } from "./similar-masks.ts";
import { coarseStep, RefineStep, SaliencyStep, type StageTimes, stepWarnings, timed } from "./steps.ts";
import { noPrompt, textPrompts } from "./text-prompts.ts";
import { givenGeometry, writeMasks } from "./write-masks.ts";

/**
 * The zero-shot pipeline over files: image and text to saliency map, coarse mask and mask.
 *
 * @throws WeightsError, ConfigError before any work is done; problems of one image are events
 */
export async function* runSegment(settings: SegmentSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out, raw, fractional } = settings;
  const view = viewOf(settings);
  const { inputs, ...found } = await findInputs(settings.inputs, out, { frames: settings });
  requireWritableNames(inputs, raw);
  const prompts = await textPrompts(settings, inputs);
  const { all } = prompts;
  const steps: readonly TargetFolder[] = [
    "saliency",
    "coarse",
    ...(fractional ? (["probabilities"] as const) : []),
    ...(raw ? (["raw"] as const) : []),
  ];
  const writerOf = ({ frame }: ImageInput) => (frame && isMadeConsistent(frame.scan, settings) ? resultWriters.slices : resultWriters.png);
  const outputs = (image: ImageInput, place: ResultPlace, targets: readonly Target[]) => [
    ...targets.flatMap((target) => steps.map((folder) => targetFile(folder, target, place))),
    ...writerOf(image).filesOf(place, targets),
  ];
  const items = promptedItems(inputs, prompts, outputs, out);
  const { plan, message } = await memoryPlan(settings.maxMemory, { saliency: settings, sam: settings.sam });
  if (message !== undefined) yield { type: "stage", message };
  const run = await sessionOptions(settings);
  const pictures = pictureWarnings(inputs, settings.format);
  for (const message of [...found.warnings, ...pictures, ...prompts.warnings, ...run.warnings]) yield { type: "warning", message };
  yield { type: "stage", message: "opening models" };
  const options = { ...run.session, ...plan.options, precision: settings.samPrecision };
  const text = await loadClip(settings.clip, settings.clipConfig, options);
  const promptable = await loadSam(settings.sam, options);
  for (const message of [...modelWarnings(text, settings.fit), ...promptable.sam.warnings]) yield { type: "warning", message };
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
  const samPrecision = promptable.sam.options.precision;
  const about = header("segment", SegmentSettings, recorded, weights, { ...run, leftOut: found.leftOut, samPrecision, all: prompts.all });
  for (const message of saliencyStep.method.warnings) yield { type: "warning", message };
  const side = logitsSideOf(promptable.sam.config);
  const ofImage = async ({ name, image: input, lookFor }: TargetItem): Promise<Outcome> => {
    if (lookFor.length === 0) throw noPrompt(input, settings);
    const ms: StageTimes = {};
    const place = { out, name, all };
    const decoded = await timed(ms, "decode", () => decodeInput(input, view));
    const { image, warnings, display, orientation = 1, geometry = givenGeometry(settings) } = decoded;
    const texts = lookFor.map(({ sentences }) => sentences);
    const maps = await saliencyStep.run(image, streamName(input), texts, ms, noise);
    if (plan.oneModelAtATime) await Promise.all([saliencyStep.dispose(), text.clip.dispose()]);
    const cuts = maps.map((map) => coarseStep(map.gray, map.window, settings));
    const coarse = cuts.map((cut, i) => ({ coarse: cut.coarse, isAbsent: maps[i]!.isAbsent }));
    const masks = await refineStep.run(image, coarse, streamName(input), ms);
    if (plan.oneModelAtATime) await promptable.sam.release();
    const found = lookFor.map((target, i) => ({ target, map: maps[i]!, cut: cuts[i]!, refined: masks[i]! }));
    await timed(ms, "write", async () => {
      for (const { target, map, cut, refined } of found) {
        await writeGray(targetFile("saliency", target, place), turnBack(map.gray, orientation));
        await writeMask(targetFile("coarse", target, place), turnBack(cut.coarse, orientation));
        if (fractional) {
          const levels = probabilityLevels(refined, promptable.sam.config.imageSize);
          await writeGray(targetFile("probabilities", target, place), turnBack(levels, orientation));
        }
        if (!raw) continue;
        const arrays = { ...rawSaliency(map.saliency, map.capacity), ...rawRefined(refined, side) };
        await writeRaw(targetFile("raw", target, place), arrays);
      }
      const targets = found.map(({ target, map, cut, refined }) => ({ target, saliency: map.gray, coarse: cut.coarse, ...refined }));
      await writeMasks(place, { image, geometry, targets, orientation, note: run.label }, promptable.sam.config.imageSize, writerOf(input));
    });
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
      record: {
        ...sourceRecord(input, image, display),
        ...(orientation > 1 && { orientation }),
        ...(window && { window: boxNumbers(window) }),
        ...outcome.record,
        ms,
      },
      warnings: [
        ...warnings,
        ...blankWarnings(image),
        ...similarMaskWarnings(lookFor.map((target, i) => ({ target, mask: masks[i]!.mask }))),
        ...outcome.warnings,
      ],
      summary: outcome.summary,
    };
  };
  const scanExport = new ScanExport(settings, all, weights);
  const { images: earlier } = items.some(({ image }) => image.frame) ? await readRuns(out) : { images: new Map() };
  const exportedFiles = (scan: Scan, name: string) => scanExport.filesOf(scan, earlier.get(name));
  const own = items.map((item) =>
    isAlone(item) ? { ...item, outputs: [...item.outputs, ...exportedFiles(item.image.frame!.scan, item.name)] } : item,
  );
  const todo = withScans(own, (scan) => [...scanStep.filesOf(scan), ...exportedFiles(scan.scan, scan.name)]);
  const scans = [...todo.filter(isScan), ...own.filter(isAlone).map((item) => scanItem(item.image.frame!.scan, [item]))];
  for (const message of new Set(scans.flatMap(({ scan }) => scanExport.warningsOf(scan)))) yield { type: "warning", message };
  const process = async (item: TargetItem | ScanItem): Promise<Outcome> => {
    const made = isScan(item) ? await scanStep.run(item) : await ofImage(item);
    const scan = isScan(item) ? item : isAlone(item) ? scanItem(item.image.frame!.scan, [item]) : undefined;
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
        const lines = [...(event.lines ?? []), ...shared.flatMap(({ files }) => files)];
        yield { ...event, ...(lines.length > 0 && { lines }) };
      }
    },
    saliencyStep,
    text.clip,
    promptable.sam,
  );
}
