import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { ConfigError, InputError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import { type ClipConfig, clipPresets, clipTensors } from "../models/clip/index.ts";
import { samPresets, samTensors } from "../models/sam/index.ts";
import { areRandom } from "./origin.ts";
import { type Purpose, writeRandomWeights } from "./random-weights.ts";
import { readSizes } from "./sizes.ts";

/** Names that `initModel` knows. */
export const initNames: readonly string[] = [...Object.keys(clipPresets), ...Object.keys(samPresets)];

/** How a model with random weights is made. */
export interface InitOptions {
  readonly seed: number;
  /** A `vocab.txt` to put beside a CLIP model, which then has as many words as that has lines. */
  readonly vocabulary?: string | undefined;
  /** Default: to be compared and measured. */
  readonly purpose?: Purpose | undefined;
}

/**
 * Writes a model with seeded random weights in the layout and names of the published ones, so that everything that reads
 * real weights can be run, measured and tested without them, or to train it.
 *
 * @param model - a name, or a JSON file with sizes, see `readSizes`
 * @throws ConfigError when the name is unknown, the sizes or the vocabulary do not fit, or the folder holds another model
 */
export async function initModel(model: string, folder: string, options: InitOptions): Promise<string[]> {
  const sizes = model.endsWith(".json") ? await readSizes(model) : { clip: clipPresets[model], sam: samPresets[model] };
  if (!sizes.clip && !sizes.sam)
    throw new ConfigError(`models init: unknown model "${model}"; known are ${initNames.join(", ")}, and a .json file with sizes`);
  if (sizes.clip) return await initClip(basename(model, ".json"), sizes.clip, folder, options);
  const file = join(folder, "model.safetensors");
  await refuseOthers(file, []);
  await writeRandomWeights(file, "sam", samTensors(sizes.sam!), options.seed, options.purpose);
  return [file];
}

/** Writes a CLIP model of any sizes; see `initModel`. */
export async function initClip(name: string, preset: ClipConfig, folder: string, options: InitOptions): Promise<string[]> {
  const files = [join(folder, "open_clip_model.safetensors"), join(folder, "open_clip_config.json")];
  await refuseOthers(files[0]!, [files[1]!, ...(options.vocabulary ? [join(folder, "vocab.txt")] : [])]);
  const config = options.vocabulary ? { ...preset, text: { ...preset.text, vocabulary: await countWords(options.vocabulary) } } : preset;
  await writeRandomWeights(files[0]!, "biomedclip", clipTensors(config), options.seed, options.purpose);
  await writeAtomic(files[1]!, `${JSON.stringify(openClipConfig(name, config), null, 2)}\n`);
  if (options.vocabulary) {
    files.push(join(folder, "vocab.txt"));
    // Not copied as a file: a copy would keep the permissions, and a read-only one could not be replaced.
    await writeAtomic(files[2]!, await readFile(options.vocabulary));
  }
  return files;
}

/**
 * Refuses to replace a model that was not made here: published weights are slow to get again, trained ones are lost.
 *
 * @param beside - the other files that would be written
 * @throws ConfigError that names the first file that is there
 */
async function refuseOthers(weights: string, beside: readonly string[]): Promise<void> {
  if (await areRandom(weights)) return;
  const [first] = [weights, ...beside].filter(existsSync);
  if (first !== undefined)
    throw new ConfigError(
      `models init: "${first}" already exists and was not made by "models init". Choose another --out, or move it away.`,
    );
}

/** A vocabulary sets the number of rows of the word embedding: a model of its size is made. */
async function countWords(file: string): Promise<number> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(`"${file}": the vocabulary cannot be read (${cause.code})`, { cause });
  });
  const words = text.replace(/\r?\n$/, "").split(/\r?\n/);
  if (!words.includes("[CLS]"))
    throw new ConfigError(`"${basename(file)}" is not a BERT vocabulary: it has no line "[CLS]" among its ${words.length} lines`);
  return words.length;
}

function openClipConfig(name: string, { embed, vision, text, contextLength, mean, std }: ClipConfig): unknown {
  const published = name === "biomedclip";
  return {
    model_cfg: {
      embed_dim: embed,
      vision_cfg: {
        timm_model_name: published ? "vit_base_patch16_224" : name,
        timm_model_pretrained: false,
        timm_pool: "",
        timm_proj: "linear",
        image_size: vision.imageSize,
      },
      text_cfg: {
        hf_model_name: published ? "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract" : name,
        hf_tokenizer_name: published ? "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract" : name,
        hf_proj_type: "mlp",
        hf_pooler_type: "cls_last_hidden_state_pooler",
        context_length: contextLength,
      },
    },
    preprocess_cfg: { mean, std },
    sizes: { vision_heads: vision.heads, text_heads: text.heads },
  };
}
