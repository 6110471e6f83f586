import { InputError, MedclipSamError } from "../../errors.ts";
import { sliceOf } from "../../image/index.ts";
import type { MaskPair } from "../../metrics/evaluate.ts";
import type { VolumePair } from "../../metrics/evaluate-volume.ts";
import { releasedMask } from "../../metrics/released.ts";
import type { MaskReading } from "../../scans/mask-rule.ts";
import { readGray } from "../../scans/read-gray.ts";
import { readMask } from "../../scans/read-mask.ts";
import { isVolumeName, readMaskVolume } from "../../scans/read-mask-volume.ts";
import { type MaskVolume, ontoGrid } from "../../scans/volume-grid.ts";
import type { FilePair } from "./pairs.ts";
import type { EvaluateSettings } from "./settings.ts";

/** Why a file cannot be used. */
interface Failure {
  readonly message: string;
  readonly code: MedclipSamError["code"];
}

/** The masks of a pair, as far as they could be read. */
interface ReadPair {
  readonly pair?: MaskPair | VolumePair;
  readonly failures: readonly Failure[];
}

export const isVolumePair = (pair: MaskPair | VolumePair): pair is VolumePair => "slices" in pair.truth;

/** Reads both masks of a pair. No pair if the ground truth cannot be read; a prediction that cannot be read counts as missing. */
export async function readPair(files: FilePair, settings: EvaluateSettings): Promise<ReadPair> {
  return isVolumeName(files.truth.file) ? await readVolumes(files, settings) : await readPictures(files, settings);
}

async function readPictures({ truth, prediction }: FilePair, settings: EvaluateSettings): Promise<ReadPair> {
  const { name } = truth;
  const read = async (file: string): Promise<MaskReading> => {
    if (isVolumeName(file)) throw otherKind(file, truth.file);
    return settings.mode === "reference" ? releasedMask(await readGray(file)) : await readMask(file, { label: settings.label });
  };
  const [target, mask] = await Promise.all([attempt(read(truth.file)), prediction && attempt(read(prediction.file))]);
  if ("message" in target) return { failures: [target] };
  const warnings = target.warnings.map((warning) => `truth: ${warning}`);
  if (!mask) return { pair: { name, truth: target.mask, warnings }, failures: [] };
  if ("message" in mask) return { pair: { name, truth: target.mask, reason: mask.message, warnings }, failures: [mask] };
  warnings.push(...mask.warnings.map((warning) => `prediction: ${warning}`));
  return { pair: { name, truth: target.mask, prediction: mask.mask, warnings }, failures: [] };
}

/** The prediction is brought into the order of the ground truth's voxels. A volume of one slice is a picture, with the spacing of its file. */
async function readVolumes({ truth, prediction }: FilePair, settings: EvaluateSettings): Promise<ReadPair> {
  const target = await attempt(volumeOf(truth.file, settings));
  if ("message" in target) return { failures: [target] };
  const mask = prediction && (await attempt(predictedVolume(prediction.file, truth.file, target, settings)));
  const isRead = mask !== undefined && !("message" in mask);
  const [column, row, slice] = target.grid.placement.spacing;
  const about = {
    name: truth.name,
    warnings: [
      ...target.warnings.map((warning) => `truth: ${warning}`),
      ...(isRead ? mask.warnings.map((warning) => `prediction: ${warning}`) : []),
      ...(settings.spacing ? ["--spacing is for pictures: the spacing of the file was taken"] : []),
    ],
    ...(mask && "message" in mask && { reason: mask.message }),
  };
  const failures = mask && "message" in mask ? [mask] : [];
  const predicted = isRead ? mask.stack : undefined;
  if (target.stack.slices > 1) {
    return { pair: { ...about, truth: target.stack, prediction: predicted, spacing: [slice, row, column] }, failures };
  }
  const picture = predicted && sliceOf(predicted, 0);
  return { pair: { ...about, truth: sliceOf(target.stack, 0), prediction: picture, spacing: [row, column] }, failures };
}

async function volumeOf(file: string, { mode, label }: EvaluateSettings): Promise<MaskVolume> {
  if (mode === "reference")
    throw new InputError(`"${file}" is a NIfTI file; reference mode compares pictures, as the released tool does. Leave out --mode.`);
  return await readMaskVolume(file, { label });
}

async function predictedVolume(file: string, truth: string, target: MaskVolume, settings: EvaluateSettings): Promise<MaskVolume> {
  if (!isVolumeName(file)) throw otherKind(file, truth);
  return ontoGrid(await volumeOf(file, settings), target.grid, file);
}

function otherKind(file: string, truth: string): InputError {
  const [own, other] = isVolumeName(file) ? ["a NIfTI file", "a picture"] : ["a picture", "a NIfTI file"];
  return new InputError(`"${file}" is ${own}, but its ground truth "${truth}" is ${other}. Compare files of one kind.`);
}

async function attempt<T>(reading: Promise<T>): Promise<T | Failure> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof MedclipSamError) return { message: error.message, code: error.code };
    throw error;
  }
}
