import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ConfigError, InputError } from "../../errors.ts";
import { readRuns } from "../../run/record/record.ts";
import { type LeftOut, leftOutMessage } from "../../scans/left-out.ts";
import { type ImageInput, listImages } from "../../scans/list-images.ts";
import { nameHint } from "../../scans/name-hint.ts";
import { countOf, joinByName, type Side } from "../../scans/names.ts";
import { isRunFolder } from "../../scans/results-of-runs.ts";
import { imageEndings } from "../../scans/sources/signatures.ts";
import type { EvaluateSettings } from "./settings.ts";
import { shortened } from "./table.ts";

/** A ground truth mask and the prediction with its name. */
export interface FilePair {
  readonly truth: ImageInput;
  readonly prediction: ImageInput | undefined;
}

/** The masks of two folders, matched by name. */
export interface FilePairs {
  readonly pairs: readonly FilePair[];
  /** The folder of the predictions. */
  readonly folder: string;
  /** Files that are not compared. */
  readonly warnings: readonly string[];
}

/**
 * Matches ground truth masks with predictions.
 *
 * @throws InputError when there is no ground truth
 * @throws ConfigError when the ground truth also holds images, no prediction has the name of a ground truth mask, or a name is ambiguous
 */
export async function pairFiles({ truth, pred }: EvaluateSettings): Promise<FilePairs> {
  const { inputs: truths, leftOut } = await listImages([truth]);
  const masks = leftOut.find(({ reason }) => reason === "masks");
  if (masks)
    throw new ConfigError(`--truth: "${truth}" holds images beside their masks. Give the folder of masks, such as "${masks.file}".`);
  if (truths.length === 0) {
    const message = leftOutMessage(leftOut);
    throw new InputError(`--truth: "${truth}" contains no masks${message === undefined ? "" : `; ${message}`}`);
  }
  await refuseSeveralTargets(pred);
  const folder = await predictionFolder(pred, truths);
  const predicted = await listImages([folder]);
  const [onlyTruth, onlyPrediction] = [truths[0]!, predicted.inputs[0]];
  // Two files that are named are meant for each other, whatever they are called.
  if (onlyPrediction && isFile(truth) && isFile(pred))
    return { pairs: [{ truth: onlyTruth, prediction: onlyPrediction }], folder, warnings: await noticesOfRun(pred) };
  const side = (items: readonly ImageInput[], noun: string): Side<ImageInput> => ({ items, noun, namesOf: ({ name }) => [name] });
  const joined = joinByName(side(truths, "ground truth mask"), side(predicted.inputs, "prediction"), { bare: "either" });
  const [lonely, surplus] = [joined.lonelyLeft, joined.lonelyRight].map((items) => items.map(({ name }) => name)) as [string[], string[]];
  const hint = nameHint({ names: lonely, noun: "ground truth masks" }, { names: surplus, noun: "predictions" });
  if (joined.rightOf.size === 0) throw nothingMatches({ truth, folder, lonely, surplus, hint, leftOut: predicted.leftOut });
  const ofFolders = Object.entries({ "--truth": leftOut, "--pred": predicted.leftOut }).flatMap(([flag, files]) => {
    const message = leftOutMessage(files);
    return message === undefined ? [] : [`${flag}: ${message}`];
  });
  return {
    pairs: truths.map((input) => ({ truth: input, prediction: joined.rightOf.get(input) })),
    folder,
    warnings: [
      ...(await noticesOfRun(pred)),
      ...ofFolders,
      ...(surplus.length > 0
        ? [`${countOf(surplus.length, "prediction")} in "${folder}" without ground truth: ${shortened(surplus)}`]
        : []),
      ...(hint !== undefined
        ? [`${countOf(lonely.length, "ground truth mask")} without prediction: ${hint}. Rename them if they belong together.`]
        : []),
    ],
  };
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** The notices of the runs that made predictions; none without a record. @param pred - their output folder, or a folder in it */
async function noticesOfRun(pred: string): Promise<string[]> {
  const run = (await isRunFolder(pred)) ? pred : dirname(resolve(pred));
  if (!(await isRunFolder(run))) return [];
  // A record of a newer version does not keep its masks from being compared.
  const headers = await readRuns(run).then(
    (runs) => runs.headers,
    () => [],
  );
  return [...new Set(headers.flatMap(({ notices }) => notices ?? []))];
}

interface Unmatched {
  readonly truth: string;
  readonly folder: string;
  readonly lonely: readonly string[];
  readonly surplus: readonly string[];
  readonly hint: string | undefined;
  /** Of the folder of predictions. */
  readonly leftOut: readonly LeftOut[];
}

function nothingMatches({ truth, folder, lonely, surplus, hint, leftOut }: Unmatched): ConfigError {
  const message = leftOutMessage(leftOut);
  const aboutOthers = message === undefined ? "" : `; ${message}`;
  if (surplus.length === 0)
    return new ConfigError(
      `--pred: "${folder}" contains no masks to compare with the ${countOf(lonely.length, "ground truth mask")}${aboutOthers}`,
    );
  return new ConfigError(
    `no prediction has the name of a ground truth mask, so nothing can be compared. Names are paths relative to the folders, without extension: "${surplus[0]}" in "${folder}", "${lonely[0]}" in "${truth}". ${hint === undefined ? "Rename one side." : `It seems that ${hint}: rename one side.`}`,
  );
}

/**
 * In an output folder of `segment` the masks are in a sub-folder, which counts as part of the name only if the ground truth has it, too. In any other
 * folder the masks that lie in it come first.
 */
async function predictionFolder(pred: string, truths: readonly ImageInput[]): Promise<string> {
  const masks = join(pred, "masks");
  const hasMasks = existsSync(masks) && statSync(masks).isDirectory() && !truths.some(({ name }) => name.startsWith("masks/"));
  if (!hasMasks || (await isRunFolder(pred))) return hasMasks ? masks : pred;
  const own = (await readdir(pred)).some((name) => imageEndings.some((ending) => name.toLowerCase().endsWith(`.${ending}`)));
  return own ? pred : masks;
}

/** A run with several targets has a folder of masks for each; the one that matches the ground truth is unknown. */
async function refuseSeveralTargets(pred: string): Promise<void> {
  if (existsSync(join(pred, "masks")) || !(await isRunFolder(pred))) return;
  const folders = (await readdir(pred)).filter((name) => name.startsWith("masks_")).sort();
  if (folders.length === 0) return;
  const each = folders.map((name) => `"${join(pred, name)}"`).join(", ");
  throw new ConfigError(`--pred: "${pred}" contains masks of several targets. Compare one at a time with its ground truth: ${each}`);
}
