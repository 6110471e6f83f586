import { resolve } from "node:path";
import { ConfigError, concernsOneInput, throwIfCancelled } from "../../errors.ts";
import { requireWritable } from "../../files/atomic-write.ts";
import { listed } from "../../listed.ts";
import { type CalibrationImage, type CalibrationResult, calibrate, requireEnough, signMeanings, signNames } from "../../presence/index.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { decodeInput } from "../../scans/decode-image.ts";
import type { ImageInput } from "../../scans/list-images.ts";
import { countOf } from "../../scans/names.ts";
import { streamThenDispose } from "../../then-dispose.ts";
import { version } from "../../version.ts";
import { loadClip, loadSam } from "../models/model.ts";
import { modelWarnings } from "../models/model-content.ts";
import { clipRecord, samRecord, sessionOptions } from "../models/models-of-run.ts";
import { variantOf } from "../models/sam-variant.ts";
import { viewOf } from "../settings.ts";
import { alignedLines } from "../text-table.ts";
import { streamName } from "../zero-shot/images/items.ts";
import { memoryPlan } from "../zero-shot/images/memory-plan.ts";
import { methodOf } from "../zero-shot/presence/calibration.ts";
import { hashesOf, requireCalibrationFile, writeCalibration } from "../zero-shot/presence/calibration-file.ts";
import { keptEmbeddings } from "../zero-shot/steps/embedding-cache.ts";
import { RefineStep } from "../zero-shot/steps/refine-step.ts";
import { SaliencyStep } from "../zero-shot/steps/saliency-step.ts";
import { noPrompt, textPrompts } from "../zero-shot/targets/text-prompts.ts";
import { ZeroShotSteps } from "../zero-shot/zero-shot-steps.ts";
import type { CalibrateSettings } from "./settings.ts";

/** An image to calibrate on. */
interface Sample {
  readonly input: ImageInput;
  readonly isPositive: boolean;
}

/**
 * `medclip-sam calibrate`: from which score on a target counts as present, found on images without the targets.
 *
 * An image that cannot be read is reported and left out.
 *
 * @throws ConfigError when too few images are left for the rate of false alarms
 */
export async function* runCalibrate(settings: CalibrateSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const begun = performance.now();
  const { out } = settings;
  await requireWritable(out, settings.images);
  await requireCalibrationFile(out);
  const view = viewOf(settings);
  const negatives = await findInputs(settings.images, undefined, { frames: settings });
  const positives = settings.positives && (await findInputs(settings.positives, undefined, { frames: settings }));
  requireEnough(negatives.inputs.length, settings.falseAlarms);
  requireApart(negatives.inputs, positives?.inputs ?? []);
  const samples: Sample[] = [
    ...negatives.inputs.map((input) => ({ input, isPositive: false })),
    ...(positives?.inputs ?? []).map((input) => ({ input, isPositive: true })),
  ];
  const prompts = await textPrompts(
    settings,
    samples.map(({ input }) => input),
  );
  const { plan, message } = await memoryPlan(settings.maxMemory, { saliency: settings, sam: settings.sam });
  if (message !== undefined) yield { type: "stage", message };
  const run = await sessionOptions(settings);
  const warnings = [...negatives.warnings, ...(positives?.warnings ?? []), ...prompts.warnings, ...run.warnings];
  for (const message of warnings) yield { type: "warning", message };
  yield { type: "stage", message: "opening models" };
  const options = { ...run.session, ...plan.options, ...variantOf(settings), precision: settings.samPrecision };
  const text = await loadClip(settings.clip, settings.clipConfig, options);
  const promptable = await loadSam(settings.sam, options);
  for (const message of [...modelWarnings(text, settings.fit), ...promptable.sam.warnings]) yield { type: "warning", message };
  const saliency = new SaliencyStep(text, settings);
  const refine = new RefineStep(promptable, settings, keptEmbeddings(settings.cache, promptable));
  const steps = new ZeroShotSteps(saliency, refine, settings, options);
  const work = async function* (): AsyncGenerator<RunEvent> {
    const weights = { ...(await clipRecord(text)), ...(await samRecord(promptable)) };
    yield { type: "start", command: "calibrate", total: samples.length, done: 0, out };
    const measured: { readonly isPositive: boolean; readonly image: CalibrationImage }[] = [];
    for (const { input, isPositive } of samples) {
      throwIfCancelled(signal);
      const started = performance.now();
      try {
        const lookFor = prompts.of(input);
        if (!lookFor) throw noPrompt(input, settings);
        const { image, warnings } = await decodeInput(input, view);
        const texts = lookFor.map(({ sentences }) => sentences);
        const targets = await steps.evidence(image, streamName(input), texts, {});
        measured.push({ isPositive, image: { name: input.path, targets } });
        const found = targets.filter((one) => one !== undefined).length;
        const summary = `${isPositive ? "with" : "without"} the target: ${found} of ${targets.length} found`;
        yield { type: "item", name: input.name, ms: Math.round(performance.now() - started), warnings, summary };
      } catch (error) {
        if (!concernsOneInput(error)) throw error;
        yield { type: "failure", name: input.name, message: error.message, code: error.code };
      }
    }
    const of = (positive: boolean) => measured.filter(({ isPositive }) => isPositive === positive).map(({ image }) => image);
    const result = calibrate(of(false), of(true), settings);
    const { falseAlarms, sensitivity, falseAlarmsAt90 } = result;
    const judged = { ...result.judged, falseAlarms, sensitivity, falseAlarmsAt90, repeated: result.repeated };
    await writeCalibration(out, {
      calibration: result.calibration,
      made: {
        version,
        settings: methodOf({ ...settings, layer: saliency.method.layer }),
        weights: hashesOf(weights),
        prompts: prompts.all.map(({ sentences }) => [...sentences]),
        images: { negatives: of(false).length, positives: of(true).length },
        judged,
      },
    });
    for (const message of doubts(result)) yield { type: "warning", message };
    const failed = samples.length - measured.length;
    const ms = Math.round(performance.now() - begun);
    yield { type: "end", done: measured.length, skipped: 0, failed, ms, lines: linesOf(result, out) };
  };
  yield* streamThenDispose(work, steps, saliency, text.clip, promptable.sam);
}

/** @throws ConfigError when images are given as both, as then nothing tells them apart */
function requireApart(negatives: readonly ImageInput[], positives: readonly ImageInput[]): void {
  const files = new Set(negatives.map(({ file }) => resolve(file)));
  const both = positives.filter(({ file }) => files.has(resolve(file)));
  if (both.length === 0) return;
  const names = listed(both, 3, ({ name }) => name);
  throw new ConfigError(`${countOf(both.length, "image")} of --positives are given to --images, too: ${names}. Give each to one of them.`);
}

/** Why a calibration may be useless. */
function doubts({ calibration, sensitivity }: CalibrationResult): string[] {
  const isEmpty = signNames.every((name) => calibration.signs[name].deviation === 0);
  return [
    ...(isEmpty
      ? ["nothing was found in the images without the target, so whatever is found later passes: there is nothing to set a threshold by"]
      : []),
    ...(sensitivity !== null && sensitivity < 0.5
      ? [
          `only ${(100 * sensitivity).toFixed(0)} % of the images with the target keep their mask: the signs hardly tell them from those without it`,
        ]
      : []),
  ];
}

/** The result for the terminal. */
function linesOf(
  { calibration, fitted, judged, falseAlarms, sensitivity, falseAlarmsAt90, repeated }: CalibrationResult,
  out: string,
): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const rows = signNames.map((name) => {
    const { mean, deviation, weight } = calibration.signs[name];
    return [name, deviation > 0 ? weight.toFixed(3) : "-", `${mean.toPrecision(3)} ± ${deviation.toPrecision(3)}`, signMeanings[name]];
  });
  return [
    ...alignedLines([["sign", "weight", "without the target", "meaning"], ...rows]),
    `scale${calibration.weights === "fitted" ? " and weights" : ""} of ${fitted.negatives} images without the target${fitted.positives > 0 ? ` and ${fitted.positives} with it` : ""}; threshold ${calibration.threshold.toFixed(3)} of ${judged.negatives} others`,
    `of those others ${percent(falseAlarms)} get a mask without the target${sensitivity === null ? "" : `; of ${judged.positives} other images with it ${percent(sensitivity)} keep theirs`}`,
    ...(falseAlarmsAt90 === null
      ? []
      : [`at a threshold that 90 % of images with the target pass, ${percent(falseAlarmsAt90)} of those without it would pass, too`]),
    ...(repeated === null
      ? []
      : [
          `mean of ${repeated.halves} other partings into halves: ${percent(repeated.sensitivity)} with the target keep their mask; at the threshold that 90 % pass, ${percent(repeated.falseAlarmsAt90)} ± ${percent(repeated.deviation)} without it pass, too`,
        ]),
    out,
  ];
}
