import { z } from "zod";
import { ConfigError } from "../../../errors.ts";
import { readJson } from "../../../files/read-json.ts";
import type { ImageInput } from "../../../scans/list-images.ts";
import { namedTargets, type Target, unnamedTarget } from "../../../targets/target.ts";
import { requireWords } from "../../../text/reading.ts";
import { entriesByImage } from "./by-image.ts";
import { type TextPrompts, withoutPrompt } from "./targets-of-images.ts";

/** The text prompts of each target by its name, or a list for the unnamed target. */
type Sentences = readonly string[] | ReadonlyMap<string, readonly string[]>;

/**
 * The text prompts of a file that maps images to theirs, with keys as in `entriesByImage`.
 *
 * @throws ConfigError when the file is unreadable or malformed, a text prompt has no words, a key matches two images, or the name of a
 * target is invalid
 */
export async function promptsOfFile(file: string, images: readonly ImageInput[]): Promise<TextPrompts> {
  const table = await readPromptFile(file);
  const all = targetsOf([...table.values()], file);
  const ofKey = new Map([...table].map(([key, sentences]) => [key, withSentences(all, sentences)]));
  const { of, lonely } = entriesByImage(ofKey, images, { file, noun: "prompt" });
  const without = images.filter((image) => of(image) === undefined);
  const messages = [...(lonely === undefined ? [] : [lonely]), ...withoutPrompt(without, "text prompt", ' and none for "*" (all others)')];
  return { all, entries: [...ofKey.values()], of, warnings: messages.map((said) => `"${file}": ${said}`) };
}

/** All targets of a file in order of occurrence, each with all of its text prompts. */
function targetsOf(entries: readonly Sentences[], file: string): Target[] {
  const unnamed = new Set<string>();
  const byName = new Map<string, Set<string>>();
  for (const entry of entries) {
    if (!(entry instanceof Map)) for (const sentence of entry as readonly string[]) unnamed.add(sentence);
    else {
      for (const [name, sentences] of entry) {
        const known = byName.get(name) ?? new Set();
        byName.set(name, known);
        for (const sentence of sentences) known.add(sentence);
      }
    }
  }
  if (unnamed.size > 0 && byName.size > 0) {
    const [name] = byName.keys();
    throw new ConfigError(`"${file}": some images have named targets ("${name}"), others a text prompt without a name. Name all of them.`);
  }
  if (byName.size === 0) return [unnamedTarget([...unnamed])];
  return namedTargets(new Map([...byName].map(([name, sentences]) => [name, [...sentences]])), `"${file}"`);
}

/** The targets of one entry, in the order of the run's targets. */
function withSentences(all: readonly Target[], entry: Sentences): Target[] {
  return all.flatMap((target) => {
    const sentences = entry instanceof Map ? entry.get(target.name!) : (entry as readonly string[]);
    return sentences ? [{ ...target, sentences }] : [];
  });
}

const OneOrMore = z.union([z.string(), z.array(z.string()).min(1)]);

/**
 * Entries of a prompts file by key.
 *
 * @param check - of each sentence; by default that it has words
 * @throws ConfigError when the file is unreadable or malformed
 */
export async function readPromptFile(file: string, check = requireWords): Promise<Map<string, Sentences>> {
  const content = await readJson(file, ConfigError);
  const refuse = (what: string) =>
    new ConfigError(
      `"${file}": expected an object that maps file names to a text prompt, a list of text prompts, or an object of these by target name; ${what} is none of these.`,
    );
  const sentencesOf = (value: unknown, what: string): readonly string[] => {
    const { data } = OneOrMore.safeParse(value);
    if (data === undefined) throw refuse(what);
    const sentences = typeof data === "string" ? [data] : data;
    for (const sentence of sentences) check(sentence, `"${file}", ${what}`);
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
