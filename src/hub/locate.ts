import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, extname, join, resolve } from "node:path";
import { described } from "../check/described.ts";
import { ConfigError, WeightsError } from "../errors.ts";
import { readJson, readJsonIfPresent } from "../files/read-json.ts";
import { type ConfigHints, familyOf, mergeHints, openClipWeights, readHints, readPreprocessor } from "../models/clip/index.ts";
import { readSamConfig, readSamPreprocessor, type SamHints } from "../models/sam/index.ts";
import { splitAddress } from "../models/weights.ts";
import { shardsOf } from "../tensor/open-weights.ts";
import { weightsOfFolder } from "./_weights-of-folder.ts";
import { embeddedPack, embeddedPacks } from "./pack.ts";

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

const clipWeights = ["open_clip_model.safetensors", "model.safetensors", "open_clip_pytorch_model.bin", "pytorch_model.bin"];
const clipConfigs = ["open_clip_config.json", "config.json"];
const samWeights = ["model.safetensors", "pytorch_model.bin"];

/** Published models by short name: their repository on the Hugging Face hub, whose cache folder is looked into. */
export const publishedModels: Readonly<Record<string, { kind: "clip" | "sam"; repository: string; note: string }>> = {
  biomedclip: {
    kind: "clip",
    repository: "microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224",
    note: "ViT-B/16 and PubMedBERT, 196 M parameters",
  },
  "sam-vit-b": { kind: "sam", repository: "facebook/sam-vit-base", note: "SAM ViT-B, 94 M parameters" },
  "sam-vit-l": { kind: "sam", repository: "facebook/sam-vit-large", note: "SAM ViT-L, 312 M parameters" },
  "sam-vit-h": { kind: "sam", repository: "facebook/sam-vit-huge", note: "SAM ViT-H, 641 M parameters" },
};

/**
 * Finds the files of a CLIP model.
 *
 * @param model - a folder in the Hugging Face or open_clip layout, a weights file, or the short name of a published model
 *   in the Hugging Face cache; `FILE#PREFIX.` names one of several models in a file
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
const othersLike = (name: string): string[] => clipWeights.filter((other) => other !== name && extname(other) === extname(name));

/** Finds the weights of a SAM model: a folder, a checkpoint file, or a short name in the Hugging Face cache. */
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
    hints: { claims: used.flatMap(([, { claims }]) => claims ?? []), warnings: used.flatMap(([, { warnings }]) => warnings ?? []) },
    configs: used.map(([file]) => file),
  };
}

/** Finds the weights of a model of a known kind. @throws WeightsError when there are none */
export async function locateModel(model: string, kind: "clip" | "sam"): Promise<string> {
  return await weightsAt(await resolveModel(model, kind), kind);
}

/** The weights file of a folder; a file itself. */
async function weightsAt(path: string, kind: "clip" | "sam"): Promise<string> {
  if (!(await isFolder(path))) return path;
  return kind === "clip"
    ? await weightsOfFolder(path, clipWeights, "a CLIP model")
    : await weightsOfFolder(path, samWeights, "a SAM model");
}

/** Finds the weights of a model of either kind: a folder, a file or a short name. @throws WeightsError when there are none */
export async function locateWeights(model: string): Promise<string> {
  const path = await resolveModel(model, publishedModels[model]?.kind ?? "clip");
  return (await isFolder(path)) ? await weightsOfFolder(path, clipWeights, "a CLIP or SAM model") : path;
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

async function resolveModel(model: string, kind: "clip" | "sam"): Promise<string> {
  const path = resolve(model);
  if ((await exists(path)) || (await exists(splitAddress(path).file))) return path;
  const pack = await embeddedPack(model);
  if (pack) return pack[kind];
  const published = publishedModels[model];
  if (published?.kind === kind) {
    const cached = await cachedSnapshot(published.repository);
    if (cached) return cached;
    throw new WeightsError(
      `the weights "${model}" (${published.repository}) are not in the Hugging Face cache ${cacheFolder()}, and nothing is downloaded. Download the repository there, or give the folder or file that holds them.`,
    );
  }
  const names = Object.entries(publishedModels).filter(([, { kind: other }]) => other === kind);
  const repositories = names.map(([, { repository }]) => repository).join(", ");
  throw new WeightsError(
    `"${model}" is neither a file or folder nor a known ${kind === "clip" ? "CLIP" : "SAM"} model (${[...embeddedPacks, ...names.map(([name]) => name)].join(", ")}). ` +
      `Nothing is downloaded: for published weights, download a repository from the Hugging Face hub (${repositories}) and give its folder or a file in it.`,
  );
}

/** The Hugging Face cache, by the variables that its own tools read. */
function cacheFolder(): string {
  return process.env.HF_HUB_CACHE ?? join(process.env.HF_HOME ?? join(homedir(), ".cache", "huggingface"), "hub");
}

async function cachedSnapshot(repository: string): Promise<string | undefined> {
  const folder = join(cacheFolder(), `models--${repository.replace("/", "--")}`);
  try {
    const revision = (await readFile(join(folder, "refs", "main"), "utf8")).trim();
    const snapshot = join(folder, "snapshots", basename(revision));
    return (await exists(snapshot)) ? snapshot : undefined;
  } catch {
    return undefined;
  }
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
