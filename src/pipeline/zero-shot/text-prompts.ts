import { z } from "zod";
import { ConfigError, InputError } from "../../errors.ts";
import { readJson } from "../../files/read-json.ts";
import { type ImageInput, pathWithoutEnding } from "../../scans/list-images.ts";
import { joinByName, lonelyMessage, type Side } from "../../scans/names.ts";
import { namedTargets, type Target, unnamedTarget } from "../../targets/target.ts";
import { requireWords } from "../../text/reading.ts";

/** What a run looks for in its images. */
export interface TextPrompts {
  /** Of the run. A file of prompts decides on them whether or not an image fits each key, so that more images change nothing. */
  readonly all: readonly Target[];
  /** Those of an image, with its own sentences; undefined where a file of prompts has none for the image and none for all others. */
  readonly of: (image: ImageInput) => readonly Target[] | undefined;
  /** Sentences for the user. */
  readonly warnings: readonly string[];
}

/** Where prompts come from: one of them is given. */
interface PromptSettings {
  readonly prompt?: readonly string[] | undefined;
  readonly target?: readonly string[] | undefined;
  readonly prompts?: string | undefined;
}

/** The sentences of each target by its name; of the one without a name alone. */
type Sentences = readonly string[] | ReadonlyMap<string, readonly string[]>;

/** The key that stands for all images without one of their own. */
const others = "*";

/**
 * The targets of a run: the same sentences for every image, or a file that maps images to theirs. Its keys are paths below the input
 * folder or bare names, with or without ending. What an image has of its own replaces what stands for all others.
 *
 * @throws ConfigError when the file cannot be read or holds something else, a sentence has no words, a key fits two images, or a name of a
 * target cannot be
 */
export async function textPrompts(settings: PromptSettings, images: readonly ImageInput[]): Promise<TextPrompts> {
  const { prompt, target, prompts } = settings;
  if (prompts !== undefined) return await promptsOfFile(prompts, images);
  if (!prompt && !target) throw new ConfigError("no text prompt: give --prompt TEXT, --target NAME=TEXT or --prompts FILE.json");
  for (const sentence of prompt ?? []) requireWords(sentence, "--prompt");
  const all = target ? namedTargets(sentencesByName(target), "--target") : [unnamedTarget(prompt!)];
  return { all, of: () => all, warnings: [] };
}

/** The error of an image for which a file of prompts has nothing. */
export function noPrompt({ file }: { readonly file: string }, { prompts }: PromptSettings): InputError {
  return new InputError(`"${file}": "${prompts}" has no prompt for it and none for "*" (all others).`);
}

/** Of flags "NAME=TEXT"; the same name again adds a sentence. */
function sentencesByName(given: readonly string[]): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const one of given) {
    const at = one.indexOf("=");
    if (at < 0) throw new ConfigError(`--target: expected NAME=TEXT, got ${JSON.stringify(one)}. Without a name, give --prompt TEXT.`);
    const [name, sentence] = [one.slice(0, at), one.slice(at + 1)];
    requireWords(sentence, `--target ${name}`);
    byName.set(name, [...(byName.get(name) ?? []), sentence]);
  }
  return byName;
}

async function promptsOfFile(file: string, images: readonly ImageInput[]): Promise<TextPrompts> {
  const table = await readPromptFile(file);
  const keys: Side<string> = { items: [...table.keys()].filter((key) => key !== others), namesOf: (key) => [key], noun: "prompt" };
  const named: Side<ImageInput> = { items: images, namesOf: (image) => [image.path, pathWithoutEnding(image)], noun: "image" };
  const { leftOf, lonelyLeft } = joinByName(keys, named);
  const message = lonelyMessage(lonelyLeft, keys, named);
  const all = targetsOf([...table.values()], file);
  const ofKey = new Map([...table].map(([key, sentences]) => [key, withSentences(all, sentences)]));
  return {
    all,
    of: (image) => ofKey.get(leftOf.get(image) ?? others),
    warnings: message === undefined ? [] : [`"${file}": ${message}`],
  };
}

/** All targets of a file in the order in which they occur, each with all of its sentences. */
function targetsOf(entries: readonly Sentences[], file: string): Target[] {
  const unnamed = new Set<string>();
  const byName = new Map<string, Set<string>>();
  for (const entry of entries) {
    if (!(entry instanceof Map)) for (const sentence of entry as readonly string[]) unnamed.add(sentence);
    else for (const [name, sentences] of entry) byName.set(name, new Set([...(byName.get(name) ?? []), ...sentences]));
  }
  if (unnamed.size > 0 && byName.size > 0) {
    const [name] = byName.keys();
    throw new ConfigError(`"${file}": some images have named targets ("${name}"), others a sentence without a name. Name all of them.`);
  }
  if (byName.size === 0) return [unnamedTarget([...unnamed])];
  return namedTargets(new Map([...byName].map(([name, sentences]) => [name, [...sentences]])), `"${file}"`);
}

/** The targets of one entry, in the order of the run's. */
function withSentences(all: readonly Target[], entry: Sentences): Target[] {
  return all.flatMap((target) => {
    const sentences = entry instanceof Map ? entry.get(target.name!) : (entry as readonly string[]);
    return sentences ? [{ ...target, sentences }] : [];
  });
}

const OneOrMore = z.union([z.string(), z.array(z.string()).min(1)]);

async function readPromptFile(file: string): Promise<Map<string, Sentences>> {
  const content = await readJson(file, ConfigError);
  const refuse = (what: string) =>
    new ConfigError(
      `"${file}": expected an object that maps file names to a sentence, a list of sentences, or an object of these by the names of targets; ${what} is something else.`,
    );
  const sentencesOf = (value: unknown, what: string): readonly string[] => {
    const { data } = OneOrMore.safeParse(value);
    if (data === undefined) throw refuse(what);
    const sentences = typeof data === "string" ? [data] : data;
    for (const sentence of sentences) requireWords(sentence, `"${file}", ${what}`);
    return sentences;
  };
  if (!isObject(content)) throw refuse("it");
  return new Map(
    Object.entries(content).map(([key, value]): [string, Sentences] => {
      const targets = isObject(value) ? Object.entries(value) : [];
      if (targets.length === 0) return [key, sentencesOf(value, `"${key}"`)];
      return [key, new Map(targets.map(([name, one]) => [name, sentencesOf(one, `"${key}", "${name}"`)]))];
    }),
  );
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);
