import { blankWarnings, type Image } from "../../image/index.ts";
import { type ResultPlace, requireWritableNames, type TargetFolder, targetFile } from "../../results/layout.ts";
import { writeGray } from "../../results/png.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Outcome, runItems } from "../../run/items.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { decodeInput } from "../../scans/decode-image.ts";
import type { ImageInput } from "../../scans/list-images.ts";
import type { Target } from "../../targets/target.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { loadClip, loadSam } from "../models/model.ts";
import { modelWarnings } from "../models/model-content.ts";
import { clipRecord, fileRecord, noiseOfFile, samRecord, sessionOptions } from "../models/models-of-run.ts";
import { variantOf } from "../models/sam-variant.ts";
import { viewOf } from "../settings.ts";
import { dryRun } from "./images/dry-run.ts";
import {
  header,
  outcomeOf,
  promptedItems,
  promptKeys,
  promptWarnings,
  scanNameOf,
  sourceRecord,
  streamName,
  type TargetItem,
} from "./images/items.ts";
import { memoryPlan } from "./images/memory-plan.ts";
import { boxNumbers, rawSaliency, writeRaw } from "./images/raw-file.ts";
import { SaliencyRunSettings } from "./settings/commands.ts";
import { AffinityStep } from "./steps/affinity-step.ts";
import { keptEmbeddings } from "./steps/embedding-cache.ts";
import { encodedOnce } from "./steps/image-embedding.ts";
import { SaliencyStep } from "./steps/saliency-step.ts";
import { type StageTimes, timed } from "./steps/stage-times.ts";
import { noPrompt, textPrompts } from "./targets/text-prompts.ts";

/** The first step over files: image and text to saliency map. */
export async function* runSaliency(settings: SaliencyRunSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out, raw } = settings;
  const view = viewOf(settings);
  const { inputs, ...found } = await findInputs(settings.inputs, out, { frames: settings });
  requireWritableNames(inputs, raw);
  const prompts = await textPrompts(settings, inputs);
  const { all } = prompts;
  const folders: readonly TargetFolder[] = ["saliency", ...(raw ? (["raw"] as const) : [])];
  const outputs = (_: ImageInput, place: ResultPlace, targets: readonly Target[]) =>
    targets.flatMap((target) => folders.map((folder) => targetFile(folder, target, place)));
  const items = promptedItems(inputs, prompts, outputs, out);
  const { plan, message } = await memoryPlan(settings.maxMemory, {
    saliency: settings,
    ...(settings.samAffinity && { sam: settings.sam }),
  });
  if (message !== undefined) yield { type: "stage", message };
  const run = await sessionOptions({ ...settings, sam: settings.samAffinity ? settings.sam : undefined });
  for (const message of [...found.warnings, ...prompts.warnings, ...run.warnings]) yield { type: "warning", message };
  yield { type: "stage", message: "opening the model" };
  const options = { ...run.session, ...plan.options };
  const text = await loadClip(settings.clip, settings.clipConfig, options);
  for (const message of modelWarnings(text, settings.fit)) yield { type: "warning", message };
  const samOptions = { ...options, ...variantOf(settings), precision: settings.samPrecision };
  const promptable = settings.samAffinity ? await loadSam(settings.sam, samOptions) : undefined;
  for (const message of promptable?.sam.warnings ?? []) yield { type: "warning", message };
  const affinity = promptable && {
    step: new AffinityStep(options),
    embed: keptEmbeddings(settings.cache, promptable) ?? ((image: Image) => promptable.sam.setImage(image)),
  };
  const step = new SaliencyStep(text, settings);
  const noise = await noiseOfFile(settings, step.method);
  const told = promptWarnings(items, step);
  for (const message of told) yield { type: "warning", message };
  if (settings.dryRun) {
    yield* dryRun("saliency", items, { saliency: step.method, ...(promptable && { sam: promptable.sam }) }, options);
    return;
  }
  yield { type: "stage", message: "checking weights" };
  const weights = {
    ...(await clipRecord(text)),
    ...(promptable && (await samRecord(promptable))),
    ...(settings.noise && { noise: await fileRecord(settings.noise) }),
  };
  const recorded = { ...settings, layer: step.method.layer };
  const about = header("saliency", SaliencyRunSettings, recorded, weights, {
    ...run,
    leftOut: found.leftOut,
    all,
    classAware: settings.classAware,
  });
  for (const message of step.method.warnings) yield { type: "warning", message };
  const process = async ({ name, image: input, lookFor }: TargetItem): Promise<Outcome> => {
    if (lookFor.length === 0) throw noPrompt(input, settings);
    const ms: StageTimes = {};
    const place = { out, name, all };
    const { image, warnings, display } = await timed(ms, "decode", () => decodeInput(input, view));
    const texts = lookFor.map(({ sentences }) => sentences);
    const own = await step.run(image, streamName(input), texts, ms, noise);
    const isAbsolute = step.method.presence !== undefined;
    const maps = affinity ? await affinity.step.run(own, encodedOnce(affinity.embed, image, ms), isAbsolute, ms) : own;
    await timed(ms, "write", async () => {
      for (const [i, map] of maps.entries()) {
        await writeGray(targetFile("saliency", lookFor[i]!, place), map.gray);
        if (raw) await writeRaw(targetFile("raw", lookFor[i]!, place), rawSaliency(map.saliency, map.capacity));
      }
    });
    const { width, height } = image;
    const { window } = maps[0]!;
    const found = lookFor.map((target, i) => {
      const { isAbsent, confidence, warnings } = maps[i]!;
      return { target, record: { prompt: target.sentences, absent: isAbsent || undefined, confidence }, warnings, summary: "" };
    });
    const outcome = outcomeOf(found);
    return {
      record: {
        ...sourceRecord(input, image, display),
        ...(window && { window: boxNumbers(window) }),
        ...(settings.classAware !== undefined && { classAware: true }),
        ...outcome.record,
        ms,
      },
      warnings: [...warnings, ...blankWarnings(image), ...outcome.warnings],
      summary: [`${width} x ${height}`, ...lookFor.flatMap((target) => target.name ?? [])].join(", "),
    };
  };
  yield* streamThenDispose(
    async function* (): AsyncGenerator<RunEvent> {
      const events = runItems(items, process, {
        out,
        header: about,
        overwrite: settings.overwrite,
        signal,
        told,
        prompts: promptKeys(prompts),
        scanOf: scanNameOf,
      });
      for await (const event of events) yield event.type === "end" && step.summary.length > 0 ? { ...event, lines: step.summary } : event;
    },
    step,
    text.clip,
    ...(promptable ? [promptable.sam] : []),
    ...(affinity ? [affinity.step] : []),
  );
}
