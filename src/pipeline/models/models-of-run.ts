import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { firstNotFinite } from "../../check/numbers.ts";
import { ConfigError } from "../../errors.ts";
import { type UsableDevice, usableDevice } from "../../graph/index.ts";
import { sha256OfFile } from "../../hub/hash.ts";
import type { ClipFiles, SamFiles } from "../../hub/locate.ts";
import { splitAddress } from "../../models/weights.ts";
import type { WeightsRecord } from "../../run/record/record.ts";
import type { SessionOptions } from "../../runtime/session.ts";
import type { SaliencyMethod } from "../../saliency/index.ts";
import { readSafetensors } from "../../tensor/safetensors.ts";
import { sameShape, sizeOf, type Tensor, tensor } from "../../tensor/tensor.ts";
import { tokenizerFiles } from "../../text/load-tokenizer.ts";
import type { CommonSettings } from "../settings.ts";
import type { SaliencySettings } from "../zero-shot/settings/saliency.ts";
import type { ClipOfFiles, SamOfFiles } from "./model.ts";
import { type EarlierRun, joinedNotices, type ModelsOfRun, modelNotices } from "./notices.ts";

/** Session options of a run, with warnings and notices about the models. */
export interface RunSession extends UsableDevice {
  readonly session: SessionOptions;
  /** Notices about the models; also the first warnings. */
  readonly notices: readonly string[];
  /** The labels of the notices, drawn into overlay images. */
  readonly label?: string | undefined;
}

/**
 * Session options for the requested device, or for a working fallback with a warning.
 *
 * @param options - `earlier`: the run whose results this one reads, whose notices also apply; `isTraining`: random weights are no surprise
 */
export async function sessionOptions(
  settings: Pick<CommonSettings, "device" | "threads"> & ModelsOfRun,
  { earlier, isTraining = false }: { readonly earlier?: EarlierRun | undefined; readonly isTraining?: boolean } = {},
): Promise<RunSession> {
  const { threads, warnings: aboutThreads } = usableThreads(settings.threads);
  const { device, warnings } = await usableDevice(settings.device);
  const { notices = [], label } = joinedNotices(await modelNotices(settings, { isTraining }), earlier);
  const session = { device, ...(threads !== undefined && { threads }) };
  return { device, warnings: [...notices, ...warnings, ...aboutThreads], notices, label, session };
}

/** More threads than this per core only wait for one another; thousands of them do not even start. */
const mostThreadsACore = 4;

/** The requested number of threads, limited to a sensible maximum. @param cores - of this machine */
export function usableThreads(asked: number | undefined, cores = availableParallelism()): { threads?: number; warnings: string[] } {
  if (asked === undefined) return { warnings: [] };
  if (asked <= mostThreadsACore * cores) return { threads: asked, warnings: [] };
  return { threads: cores, warnings: [`--threads ${asked} is too many for the ${cores} cores of this machine: ${cores} are used`] };
}

/** The files of a CLIP model, including configuration and vocabulary, which determine the heads and the token ids. */
export async function clipRecord({ clipFiles }: Pick<ClipOfFiles, "clipFiles">): Promise<Record<string, WeightsRecord>> {
  const { config, preprocessor, tokenizer } = clipFiles;
  const others = [...(preprocessor === undefined ? [] : [preprocessor]), ...(await tokenizerFiles(tokenizer))];
  return {
    ...(await recordOfParts("clip", clipFiles)),
    ...(config !== undefined && { clipConfig: await fileRecord(config) }),
    ...Object.fromEntries(await Promise.all(others.map(async (file) => [`clip/${basename(file)}`, await fileRecord(file)]))),
  };
}

/** The files of a SAM model. */
export async function samRecord({ samFiles }: Pick<SamOfFiles, "samFiles">): Promise<Record<string, WeightsRecord>> {
  return await recordOfParts("sam", samFiles, samFiles.configs);
}

/** The first file by the name of the model, with the selected model inside it; the others by their own names. */
async function recordOfParts(
  model: string,
  { weights, parts: [first, ...shards] }: Pick<ClipFiles | SamFiles, "weights" | "parts">,
  beside: readonly string[] = [],
): Promise<Record<string, WeightsRecord>> {
  const { under } = splitAddress(weights);
  const records: Record<string, WeightsRecord> = { [model]: { ...(await fileRecord(first!)), ...(under !== undefined && { under }) } };
  for (const file of [...shards, ...beside]) records[`${model}/${basename(file)}`] = await fileRecord(file);
  return records;
}

export async function fileRecord(file: string): Promise<WeightsRecord> {
  return { file, sha256: await sha256OfFile(file) };
}

/** The noise of a file that replaces the seeded noise, if the settings name one. @throws ConfigError as `readNoise` */
export async function noiseOfFile(
  { noise }: Pick<SaliencySettings, "noise">,
  method: SaliencyMethod,
): Promise<Tensor<"float32"> | undefined> {
  return noise !== undefined && method.noise ? await readNoise(noise, method.noise.shape) : undefined;
}

/**
 * Reads noise that replaces the seeded noise.
 *
 * @param shape - [steps, samples, T, D] required by the settings; of a longer file the first steps are used
 * @throws ConfigError when the noise does not match the settings
 */
async function readNoise(file: string, shape: readonly [number, number, number, number]): Promise<Tensor<"float32">> {
  const { tensors } = await readSafetensors(file).catch((cause: Error) => {
    throw new ConfigError(`--noise: ${cause.message}`, { cause });
  });
  const noise = tensors.get("noise");
  if (!noise) throw new ConfigError(`--noise: "${file}" has no tensor "noise"; it has ${[...tensors.keys()].join(", ") || "none"}.`);
  const [steps, ...rest] = shape;
  if (noise.dtype !== "float32" || noise.shape.length !== 4 || noise.shape[0]! < steps || !sameShape(noise.shape.slice(1), rest)) {
    throw new ConfigError(
      `--noise: "${file}" holds ${noise.dtype} [${noise.shape}]; these settings and this model need float32 [at least ${steps}, ${rest.join(", ")}] (steps, samples, tokens, width).`,
    );
  }
  const values = noise.data as Float32Array<ArrayBuffer>;
  if (firstNotFinite(values) >= 0) throw new ConfigError(`--noise: "${file}" contains values that are not finite.`);
  return tensor("float32", shape, values.slice(0, sizeOf(shape)));
}
