import { addTo } from "../../../add-to.ts";
import { ConfigError, InputError } from "../../../errors.ts";
import type { ImageInput } from "../../../scans/list-images.ts";
import { namedTargets, unnamedTarget } from "../../../targets/target.ts";
import { requireWords } from "../../../text/reading.ts";
import { promptsOfFile } from "./prompts-file.ts";
import { promptsOfSet } from "./prompts-of-set.ts";
import type { TextPrompts } from "./targets-of-images.ts";

/** Source of the text prompts: one of these is given. */
export interface PromptSettings {
  readonly prompt?: readonly string[] | undefined;
  readonly target?: readonly string[] | undefined;
  readonly prompts?: string | undefined;
  readonly promptSet?: string | undefined;
  /** For a prompt set per class: a file that names the class of each image. */
  readonly classAware?: string | undefined;
  /** Of the draws from a prompt set; default 42, as everywhere. */
  readonly seed?: number | undefined;
}

/**
 * The targets of a run: the same text prompts for every image, a file that maps images to theirs, or a prompt set.
 *
 * @throws ConfigError when a file is unreadable or malformed, a text prompt has no words, a key matches two images, the name of a target is
 * invalid, or the classes of images are missing
 */
export async function textPrompts(settings: PromptSettings, images: readonly ImageInput[]): Promise<TextPrompts> {
  const { prompt, target, prompts, promptSet, classAware, seed = 42 } = settings;
  if (classAware !== undefined && promptSet === undefined) throw new ConfigError("--class-aware is for --prompt-set TASK/P1, P3 or P5.");
  if (prompts !== undefined) return await promptsOfFile(prompts, images);
  if (promptSet !== undefined) return await promptsOfSet({ promptSet, classAware, seed }, images);
  if (!prompt && !target)
    throw new ConfigError("no text prompt: pass --prompt TEXT, --target NAME=TEXT, --prompts FILE.json or --prompt-set TASK/SET");
  for (const sentence of prompt ?? []) requireWords(sentence, "--prompt");
  const all = target ? namedTargets(sentencesByName(target), "--target") : [unnamedTarget(prompt!)];
  return { all, entries: [all], of: () => all, warnings: [] };
}

/** The error of an image without a text prompt in the prompts file, or without a class. */
export function noPrompt({ file }: { readonly file: string }, { prompts, classAware }: PromptSettings): InputError {
  return classAware === undefined
    ? new InputError(`"${file}": "${prompts}" has no text prompt for it and none for "*" (all others).`)
    : new InputError(`"${file}": "${classAware}" has no class for it.`);
}

/** Targets of flags "NAME=TEXT"; repeating a name adds a text prompt to it. */
function sentencesByName(given: readonly string[]): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const one of given) {
    const at = one.indexOf("=");
    if (at < 0)
      throw new ConfigError(
        `--target: expected NAME=TEXT, got ${JSON.stringify(one)}. For a text prompt without a name use --prompt TEXT.`,
      );
    const [name, sentence] = [one.slice(0, at), one.slice(at + 1)];
    requireWords(sentence, `--target ${name}`);
    addTo(byName, name, sentence);
  }
  return byName;
}
