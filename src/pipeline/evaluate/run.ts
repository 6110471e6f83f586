import { CancelledError, ConfigError } from "../../errors.ts";
import { areSame, requireWritable, writeAtomic } from "../../files/atomic-write.ts";
import { evaluationOf, type ImageScores, scoresOf } from "../../metrics/evaluate.ts";
import { volumeScoresOf } from "../../metrics/evaluate-volume.ts";
import type { RunEvent } from "../../run/events.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { isVolumeName } from "../../scans/read-mask-volume.ts";
import { type FilePair, pairFiles } from "./pairs.ts";
import { isVolumePair, readPair } from "./read-pair.ts";
import type { EvaluateSettings } from "./settings.ts";
import { csvOf, tableOf } from "./table.ts";

/**
 * `medclip-sam evaluate`: compares a folder of masks with a folder of ground truth masks, matched by name; or one file with another.
 * NIfTI files are compared as volumes, on the grid of the ground truth.
 *
 * Every ground truth mask counts. An unreadable one is a failure; so is an unreadable prediction, which counts as missing.
 *
 * @throws InputError when there is nothing to compare with
 * @throws ConfigError when no prediction has the name of a ground truth mask, a name is ambiguous, or no ground truth has the label
 */
export async function* runEvaluate(settings: EvaluateSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const begun = performance.now();
  const { pairs, folder, warnings } = await pairFiles(settings);
  const compared = pairs.flatMap(({ truth, prediction }) => (prediction ? [truth.file, prediction.file] : [truth.file]));
  if (settings.csv !== undefined && settings.json !== undefined && (await areSame(settings.csv, settings.json)))
    throw new ConfigError(
      `--csv and --json both name "${settings.csv}"${settings.json === settings.csv ? "" : ` ("${settings.json}")`}, and one would replace the other. Name two files.`,
    );
  for (const file of [settings.csv, settings.json]) if (file !== undefined) await requireWritable(file, compared);
  yield { type: "start", command: "evaluate", total: pairs.length, done: 0 };
  for (const message of warnings) yield { type: "warning", message };

  const images: ImageScores[] = [];
  let failed = 0;
  // Reads the next pair while this one is compared, but for volumes, of which one pair at a time is enough for the memory.
  let next: ReturnType<typeof readPair> | undefined;
  for (let i = 0; i < pairs.length; i++) {
    const started = performance.now();
    const { pair, failures } = await (next ?? readPair(pairs[i]!, settings));
    const following: FilePair | undefined = pairs[i + 1];
    next = following && !isVolumeName(following.truth.file) ? readPair(following, settings) : undefined;
    if (signal?.aborted) {
      await next;
      throw new CancelledError();
    }
    const { name } = pairs[i]!.truth;
    if (failures.length > 0) failed++;
    for (const { message, code } of failures) yield { type: "failure", name, message, code };
    if (!pair) continue;
    const scores = isVolumePair(pair) ? volumeScoresOf(pair, settings) : scoresOf(pair, settings);
    images.push(scores);
    if (failures.length > 0) continue;
    const warnings = scores.missing ? [...scores.warnings, `no prediction in "${folder}"; it counts as 0`] : scores.warnings;
    const summary = `DSC ${scores.dsc.toFixed(4)}`;
    yield { type: "item", name, ms: Math.round(performance.now() - started), warnings, summary };
  }

  const evaluation = evaluationOf(images, settings);
  if (settings.csv !== undefined) await writeAtomic(settings.csv, csvOf(images, settings));
  if (settings.json !== undefined) await writeAtomic(settings.json, `${JSON.stringify({ ...evaluation, warnings, settings }, null, 1)}\n`);
  yield {
    type: "end",
    done: pairs.length - failed,
    skipped: 0,
    failed,
    ms: Math.round(performance.now() - begun),
    lines: tableOf(evaluation, settings),
  };
}
