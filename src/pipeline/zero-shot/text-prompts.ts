import { z } from "zod";
import { ConfigError, InputError } from "../../errors.ts";
import { readJson } from "../../read-json.ts";
import { type ImageInput, pathWithoutEnding } from "../../scans/list-images.ts";
import { joinByName, lonelyMessage, type Side } from "../../scans/names.ts";
import { requireWords } from "../../text/reading.ts";

/** The sentences of each image; several are an ensemble. */
export interface TextPrompts {
  /** Undefined where a file of prompts has none for the image and none for all others. */
  readonly of: (image: ImageInput) => readonly string[] | undefined;
  /** Sentences for the user. */
  readonly warnings: readonly string[];
}

/** Where prompts come from. */
interface PromptSettings {
  readonly prompt?: readonly string[] | undefined;
  readonly prompts?: string | undefined;
}

const Sentences = z.union([z.string(), z.array(z.string()).min(1)]);

/** The key that stands for all images without one of their own. */
const others = "*";

/**
 * The text prompts of a run: the same sentences for every image, or a file that maps images to theirs. Its keys are paths below the input
 * folder or bare names, with or without ending.
 *
 * @throws ConfigError when the file cannot be read or holds something else, a sentence has no words, or a key fits two images
 */
export async function textPrompts(settings: PromptSettings, images: readonly ImageInput[]): Promise<TextPrompts> {
  const { prompt, prompts } = settings;
  if (prompt) {
    for (const sentence of prompt) requireWords(sentence, "--prompt");
    return { of: () => prompt, warnings: [] };
  }
  if (prompts === undefined) throw new ConfigError("no text prompt: give --prompt TEXT or --prompts FILE.json");
  const table = await readPromptFile(prompts);
  const keys: Side<string> = { items: [...table.keys()].filter((key) => key !== others), namesOf: (key) => [key], noun: "prompt" };
  const named: Side<ImageInput> = { items: images, namesOf: (image) => [image.path, pathWithoutEnding(image)], noun: "image" };
  const { leftOf, lonelyLeft } = joinByName(keys, named);
  const message = lonelyMessage(lonelyLeft, keys, named);
  return {
    of: (image) => table.get(leftOf.get(image) ?? others),
    warnings: message === undefined ? [] : [`"${prompts}": ${message}`],
  };
}

/** The error of an image for which a file of prompts has nothing. */
export function noPrompt({ file }: { readonly file: string }, { prompts }: PromptSettings): InputError {
  return new InputError(`"${file}": "${prompts}" has no prompt for it and none for "*" (all others).`);
}

async function readPromptFile(file: string): Promise<Map<string, readonly string[]>> {
  const content = await readJson(file, ConfigError);
  const refuse = (what: string) =>
    new ConfigError(`"${file}": expected an object that maps file names to a sentence or a list of sentences; ${what} is something else.`);
  if (typeof content !== "object" || content === null || Array.isArray(content)) throw refuse("it");
  const table = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(content)) {
    const { data } = Sentences.safeParse(value);
    if (data === undefined) throw refuse(`"${name}"`);
    const sentences = typeof data === "string" ? [data] : data;
    for (const sentence of sentences) requireWords(sentence, `"${file}", "${name}"`);
    table.set(name, sentences);
  }
  return table;
}
