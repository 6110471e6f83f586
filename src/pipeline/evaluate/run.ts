import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../../atomic-write.ts";
import { CancelledError, InputError, MedclipSamError } from "../../errors.ts";
import { readGray } from "../../formats/gray.ts";
import type { GrayImage } from "../../image/index.ts";
import { type EvaluationPair, type ImageScores, scoresOf, summarise } from "../../metrics/evaluate.ts";
import type { RunEvent } from "../../run/events.ts";
import { type LeftOut, leftOutMessage } from "../../scans/left-out.ts";
import { type ImageInput, listImages } from "../../scans/list-images.ts";
import type { EvaluateSettings } from "./settings.ts";
import { count, csvOf, shortened, tableOf } from "./table.ts";

/**
 * `medclip-sam evaluate`: compares a folder of masks with a folder of true ones, by name.
 *
 * Every true mask counts. One that cannot be read is a failure; a prediction that cannot be read is one, too, and counts as missing.
 *
 * @throws InputError when there is nothing to compare with
 */
export async function* runEvaluate(
  settings: EvaluateSettings,
  { signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<RunEvent> {
  const begun = performance.now();
  const truths = await listImages([settings.truth]);
  const { inputs } = truths;
  if (inputs.length === 0) throw new InputError(`--truth: "${settings.truth}" holds no images to compare with`);
  const folder = predictionFolder(settings.pred, inputs);
  const predicted = await listImages([folder]);
  yield { type: "start", command: "evaluate", total: inputs.length, done: 0 };
  yield* warningsOf("--truth", truths.leftOut);
  yield* warningsOf("--pred", predicted.leftOut);
  const predictions = new Map(predicted.inputs.map(({ name, file }) => [name, file]));
  const names = new Set(inputs.map(({ name }) => name));
  const surplus = predicted.inputs.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  if (surplus.length > 0)
    yield { type: "warning", message: `${count(surplus.length, "prediction")} in "${folder}" without truth: ${shortened(surplus)}` };

  const images: ImageScores[] = [];
  let failed = 0;
  // The next pair is read while this one is compared.
  let next = readPair(inputs[0]!, predictions);
  for (let i = 0; i < inputs.length; i++) {
    const started = performance.now();
    const { pair, failures } = await next;
    if (i + 1 < inputs.length) next = readPair(inputs[i + 1]!, predictions);
    if (signal?.aborted) {
      await next;
      throw new CancelledError();
    }
    const { name } = inputs[i]!;
    if (failures.length > 0) failed++;
    for (const { message, code } of failures) yield { type: "failure", name, message, code };
    if (!pair) continue;
    const scores = scoresOf(pair, settings);
    images.push(scores);
    if (failures.length > 0) continue;
    const warnings = scores.missing ? [`no prediction in "${folder}"; it counts as 0`] : scores.warnings;
    const summary = `DSC ${scores.dsc.toFixed(4)}`;
    yield { type: "item", name, ms: Math.round(performance.now() - started), warnings, summary };
  }

  const summary = summarise(images, settings);
  if (settings.csv !== undefined) await writeAtomic(settings.csv, csvOf(images, settings));
  if (settings.json !== undefined) await writeAtomic(settings.json, `${JSON.stringify({ images, summary, settings }, null, 1)}\n`);
  yield {
    type: "end",
    done: inputs.length - failed,
    skipped: 0,
    failed,
    ms: Math.round(performance.now() - begun),
    lines: tableOf(images, summary, settings),
  };
}

/** The folder that `segment` wrote holds its masks in a sub-folder, unless the truth has that sub-folder, too. */
function predictionFolder(pred: string, truths: readonly ImageInput[]): string {
  const masks = join(pred, "masks");
  const isResult = existsSync(masks) && statSync(masks).isDirectory() && !truths.some(({ name }) => name.startsWith("masks/"));
  return isResult ? masks : pred;
}

function* warningsOf(flag: string, leftOut: readonly LeftOut[]): Generator<RunEvent> {
  const message = leftOutMessage(leftOut);
  if (message !== undefined) yield { type: "warning", message: `${flag}: ${message}` };
}

interface Failure {
  readonly message: string;
  readonly code: MedclipSamError["code"];
}

async function readPair(
  truth: ImageInput,
  predictions: ReadonlyMap<string, string>,
): Promise<{ pair?: EvaluationPair; failures: Failure[] }> {
  const file = predictions.get(truth.name);
  const [target, prediction] = await Promise.all([attempt(truth.file), file === undefined ? undefined : attempt(file)]);
  if ("message" in target) return { failures: [target] };
  if (!prediction) return { pair: { name: truth.name, truth: target }, failures: [] };
  if ("message" in prediction) return { pair: { name: truth.name, truth: target, reason: prediction.message }, failures: [prediction] };
  return { pair: { name: truth.name, truth: target, prediction }, failures: [] };
}

async function attempt(file: string): Promise<GrayImage | Failure> {
  try {
    return await readGray(file);
  } catch (error) {
    if (error instanceof MedclipSamError) return { message: error.message, code: error.code };
    throw error;
  }
}
