import { stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { described } from "../check/described.ts";
import { ConfigError, WeightsError } from "../errors.ts";
import { readJson, readJsonIfPresent } from "../files/read-json.ts";
import { type ConfigHints, familyOf, mergeHints, openClipWeights, readHints, readPreprocessor } from "../models/clip/index.ts";
import { readSamConfig, readSamPreprocessor, type SamHints } from "../models/sam/index.ts";
import { splitAddress } from "../models/weights.ts";
import { shardsOf } from "../tensor/open-weights.ts";
import { weightsOfFolder } from "./_weights-of-folder.ts";
import { RepositoryCache } from "./cache.ts";
import { cacheFolder } from "./environment.ts";
import { clipConfigs, weightsNames } from "./model-files.ts";
import { embeddedPack, embeddedPacks } from "./pack.ts";
import { addressOf, type ModelAddress, type ModelKind, publishedModel, publishedModels } from "./registry.ts";

/** Where the files of a CLIP model lie. */
export interface ClipFiles {
  /** The file of weights, or the index of a model in shards; see `Weights.open`. */
  readonly weights: string;
  /** Every file that holds weights. */
  readonly parts: readonly string[];
  /** The configuration that tells head counts and normalisation, where there is one: not every family needs it. */
  readonly config?: string;
  /** The `preprocessor_config.json` beside it. */
  readonly preprocessor?: string;
  readonly hints: ConfigHints;
  /** Folder with the files of the tokenizer. */
  readonly tokenizer: string;
}

/** Where the files of a SAM model lie. */
export interface SamFiles {
  /** As in `ClipFiles`. */
  readonly weights: string;
  readonly parts: readonly string[];
  readonly hints: SamHints;
  /** The files beside the weights that say something about the model. */
  readonly configs: readonly string[];
}

/**
 * Finds the files of a CLIP model.
 *
 * @param model - a folder in the Hugging Face or open_clip layout, a weights file, or a published model in the Hugging Face cache: its short
 *   name or `owner/repository`, either with `@` and a revision; `FILE#PREFIX.` names one of several models in a file
 * @param configFile - a configuration for weights that have none beside them
 * @throws WeightsError when weights or configuration are missing
 */
export async function locateClip(model: string, configFile?: string): Promise<ClipFiles> {
  const path = await resolveModel(model, "clip");
  const weights = await weightsAt(path, "clip");
  const folder = dirname(weights);
  const config = configFile ?? (await existing(folder, clipConfigs))[0];
  if (config === undefined && familyOf(await openClipWeights(weights)).needsConfig) {
    throw new WeightsError(
      `"${weights}" has no ${clipConfigs.join(" or ")} beside it, which gives the head counts. Put it there or pass --clip-config FILE.`,
    );
  }
  const preprocessor = join(dirname(config ?? weights), "preprocessor_config.json");
  const json = await readJsonIfPresent(preprocessor, WeightsError);
  const own = config === undefined ? {} : named(config, readHints, await readJson(config, WeightsError));
  const hints = json === undefined ? own : mergeHints(own, named(preprocessor, readPreprocessor, json));
  const passedOver = weights === path ? [] : await existing(folder, othersLike(basename(weights)));
  const notes = passedOver.map((file) => `"${file}" lies beside "${basename(weights)}" and is not used; to use it, give its path.`);
  return {
    weights,
    parts: await partsOf(weights),
    ...(config !== undefined && { config }),
    ...(json !== undefined && { preprocessor }),
    hints: { ...hints, warnings: [...(hints.warnings ?? []), ...notes] },
    tokenizer: folder,
  };
}

/** Other names of CLIP weights in the same format. Published folders hold the same weights in both formats, which needs no warning. */
const othersLike = (name: string): string[] => weightsNames.clip.filter((other) => other !== name && extname(other) === extname(name));

/** Finds the weights of a SAM model: a folder, a checkpoint file, or a published model in the Hugging Face cache. */
export async function locateSam(model: string): Promise<SamFiles> {
  const weights = await locateModel(model, "sam");
  const found: [file: string, hints: SamHints][] = [];
  for (const [name, read] of [
    ["config.json", readSamConfig],
    ["preprocessor_config.json", readSamPreprocessor],
  ] as const) {
    const file = join(dirname(weights), name);
    const json = await readJsonIfPresent(file, WeightsError);
    if (json !== undefined) found.push([file, named(file, read, json)]);
  }
  const used = found.filter(([, hints]) => hints.claims !== undefined);
  return {
    weights,
    parts: await partsOf(weights),
    hints: {
      claims: used.flatMap(([, { claims }]) => claims ?? []),
      warnings: used.flatMap(([, { warnings }]) => warnings ?? []),
      repository: used.find(([, { repository }]) => repository !== undefined)?.[1].repository,
    },
    configs: used.map(([file]) => file),
  };
}

/** Finds the weights of a model of a known kind. @throws WeightsError when there are none */
export async function locateModel(model: string, kind: ModelKind): Promise<string> {
  return await weightsAt(await resolveModel(model, kind), kind);
}

/** The weights file of a folder; a file itself. */
async function weightsAt(path: string, kind: ModelKind): Promise<string> {
  if (!(await isFolder(path))) return path;
  return kind === "clip"
    ? await weightsOfFolder(path, weightsNames.clip, "a CLIP model")
    : await weightsOfFolder(path, weightsNames.sam, "a SAM model");
}

/** Finds the weights of a model of either kind: a folder, a file or a short name. @throws WeightsError when there are none */
export async function locateWeights(model: string): Promise<string> {
  const path = await resolveModel(model, addressOf(model)?.published?.kind ?? "clip");
  return (await isFolder(path)) ? await weightsOfFolder(path, weightsNames.clip, "a CLIP or SAM model") : path;
}

/** A file of weights alone, or all shards after their index. */
async function partsOf(weights: string): Promise<string[]> {
  const { file } = splitAddress(weights);
  if (!file.endsWith(".json")) return [file];
  return [file, ...(await shardsOf(file)).map((name) => join(dirname(file), name))];
}

/** What a file says, with its name before what is wrong with it. */
function named<T extends { readonly warnings?: readonly string[] }>(file: string, read: (json: unknown) => T, json: unknown): T {
  try {
    if (typeof json !== "object" || json === null || Array.isArray(json))
      throw new ConfigError(`expected an object of settings, got ${described(json)}.`);
    const hints = read(json);
    return { ...hints, warnings: hints.warnings?.map((warning) => `"${file}": ${warning}`) ?? [] };
  } catch (cause) {
    throw new WeightsError(`"${file}": ${(cause as Error).message}`, { cause });
  }
}

/** Models of a run by kind, as the user named them. */
export type NamedModels = { readonly [kind in ModelKind]?: string | undefined };

/**
 * Makes sure that the published models of a run are on this machine, before the first of them is opened.
 *
 * @throws WeightsError that names all missing ones, and the one command that downloads them
 */
export async function requireModels(models: NamedModels): Promise<void> {
  const missing: ModelAddress[] = [];
  for (const kind of ["clip", "sam"] as const) {
    const model = models[kind];
    if (model === undefined || (await pathOf(model, kind)) !== undefined) continue;
    const address = addressOf(model);
    if (address?.published?.kind === kind) missing.push(address);
  }
  if (missing.length > 0) throw notDownloaded(missing);
}

async function resolveModel(model: string, kind: ModelKind): Promise<string> {
  const path = await pathOf(model, kind);
  if (path !== undefined) return path;
  const published = publishedModel(model);
  const address = addressOf(model);
  if (published?.kind === kind && published.page !== undefined) {
    throw new WeightsError(
      `the weights "${model}" (${published.title}) are not on the Hugging Face hub. Download them by hand from ${published.page}, and give their file.`,
    );
  }
  if (address?.published?.kind === kind) throw notDownloaded([address]);
  const names = Object.entries(publishedModels).filter(([, { kind: other }]) => other === kind);
  throw new WeightsError(
    `"${model}" is neither a file or folder nor a known ${kind === "clip" ? "CLIP" : "SAM"} model (${[...embeddedPacks, ...names.map(([name]) => name)].join(", ")}). ` +
      `Published weights are downloaded with \`medclip-sam models pull NAME\`${
        address && !isFileName.test(model)
          ? `, this one with \`medclip-sam models pull ${model} --kind ${kind}\` if it is a repository on the Hugging Face hub`
          : ""
      }.`,
  );
}

/** A file of weights, which no repository is called. */
const isFileName = /\.(?:pth|pt|bin|safetensors|onnx|json)$/i;

function notDownloaded(models: readonly ModelAddress[]): WeightsError {
  const names = models.map(({ name, repository }) => `"${name}" (${repository})`).join(" and ");
  const command = `medclip-sam models pull ${models.map(({ name }) => name).join(" ")}`;
  return new WeightsError(
    `the weights ${names} are not on this machine (Hugging Face cache ${cacheFolder()}). Download them with \`${command}\`, or give the folder or file that holds ${models.length === 1 ? "them" : "each"}.`,
  );
}

/** The path of a model, a pack's model or a published model in the cache; undefined if there is none. */
async function pathOf(model: string, kind: ModelKind): Promise<string | undefined> {
  const path = resolve(model);
  if ((await exists(path)) || (await exists(splitAddress(path).file))) return path;
  const pack = await embeddedPack(model);
  if (pack) return pack[kind];
  const address = addressOf(model);
  if (!address || (address.published?.kind ?? kind) !== kind) return undefined;
  return await cachedSnapshot(address, kind);
}

/** The folder of a model in the Hugging Face cache; undefined where it has no weights, as when another program needed its configuration alone. */
async function cachedSnapshot({ repository, revision }: ModelAddress, kind: ModelKind): Promise<string | undefined> {
  const snapshot = await new RepositoryCache(repository).snapshotOf(revision);
  if (snapshot === undefined) return undefined;
  const found = await weightsOfFolder(snapshot, weightsNames[kind], "a model").catch(() => undefined);
  return found === undefined ? undefined : snapshot;
}

async function existing(folder: string, names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) if (await exists(join(folder, name))) found.push(join(folder, name));
  return found;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const isFolder = async (path: string): Promise<boolean> => (await stat(splitAddress(path).file)).isDirectory();
