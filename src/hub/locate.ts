import { readdir, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { WeightsError } from "../errors.ts";
import { type ConfigHints, readHints } from "../models/biomedclip/index.ts";
import { readJson } from "../read-json.ts";
import { defaultPack, embeddedPack } from "./pack.ts";

/** Where the files of a CLIP model lie. */
export interface ClipFiles {
  readonly weights: string;
  /** The configuration that tells head counts and normalisation. */
  readonly config: string;
  readonly hints: ConfigHints;
  /** Folder with `tokenizer.json` or `vocab.txt`. */
  readonly tokenizer: string;
}

/** Where the file of a SAM model lies. */
export interface SamFiles {
  readonly weights: string;
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
 *   in the Hugging Face cache
 * @param configFile - a configuration for weights that have none beside them
 * @throws WeightsError when weights or configuration are missing
 */
export async function locateClip(model: string, configFile?: string): Promise<ClipFiles> {
  const path = await resolveModel(model, "clip");
  const folder = (await isFolder(path)) ? path : dirname(path);
  const weights = folder === path ? await firstOf(folder, clipWeights, "a CLIP model") : path;
  const config = configFile ?? (await existing(folder, clipConfigs))[0];
  if (config === undefined) {
    throw new WeightsError(
      `"${weights}" has no ${clipConfigs.join(" or ")} beside it, which tells the head counts. Put it there or give --clip-config FILE.`,
    );
  }
  return { weights, config, hints: await readConfig(config), tokenizer: folder };
}

/** Finds the weights of a SAM model: a folder, an official checkpoint file, or a short name in the Hugging Face cache. */
export async function locateSam(model: string): Promise<SamFiles> {
  const path = await resolveModel(model, "sam");
  if (!(await isFolder(path))) return { weights: path };
  const checkpoints = (await readdir(path)).filter((name) => /^sam.*\.pth$/.test(name)).sort();
  return { weights: await firstOf(path, [...samWeights, ...checkpoints], "a SAM model") };
}

async function readConfig(file: string): Promise<ConfigHints> {
  const json = await readJson(file, WeightsError);
  try {
    return readHints(json);
  } catch (cause) {
    throw new WeightsError(`"${file}": ${(cause as Error).message}`, { cause });
  }
}

async function resolveModel(model: string, kind: "clip" | "sam"): Promise<string> {
  const path = resolve(model);
  if (await exists(path)) return path;
  const pack = await embeddedPack(model);
  if (pack) return pack[kind];
  const published = publishedModels[model];
  if (published?.kind === kind) {
    const cached = await cachedSnapshot(published.repository);
    if (cached) return cached;
    throw new WeightsError(
      `the weights "${model}" (${published.repository}) are not in the Hugging Face cache ${cacheFolder()}. Download the repository there, or give the folder or file that holds them.`,
    );
  }
  const names = Object.entries(publishedModels).filter(([, { kind: other }]) => other === kind);
  throw new WeightsError(
    `"${model}" is neither a file or folder nor a known ${kind === "clip" ? "CLIP" : "SAM"} model (${[defaultPack, ...names.map(([name]) => name)].join(", ")}).`,
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

async function firstOf(folder: string, names: readonly string[], what: string): Promise<string> {
  const [found] = await existing(folder, names);
  if (found) return found;
  const content = (await readdir(folder)).slice(0, 8).join(", ");
  throw new WeightsError(`"${folder}" holds no weights of ${what}: expected ${names.join(", ")}; found ${content || "nothing"}.`);
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

const isFolder = async (path: string): Promise<boolean> => (await stat(path)).isDirectory();
