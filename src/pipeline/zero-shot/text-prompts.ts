import { z } from "zod";
import { addTo } from "../../add-to.ts";
import { ConfigError, InputError } from "../../errors.ts";
import { readJson } from "../../files/read-json.ts";
import { listed } from "../../listed.ts";
import { type ImageInput, pathWithoutEnding } from "../../scans/list-images.ts";
import { countOf, joinByName, lonelyMessage, type Side } from "../../scans/names.ts";
import { isChosen, type SliceChoice, sliceChoice, slicesExpected } from "../../scans/slice-range.ts";
import { namedTargets, type Target, unnamedTarget } from "../../targets/target.ts";
import { requireWords } from "../../text/reading.ts";

/** The text prompts of a run. */
export interface TextPrompts {
  /** All targets of the run. They depend on the prompts file only, not on the images, so that adding images changes nothing. */
  readonly all: readonly Target[];
  /** The targets of an image, for each of the text prompts that images of the run can have. */
  readonly entries: readonly (readonly Target[])[];
  /** The targets of an image with their text prompts; undefined if the prompts file has no entry for the image and none for "*". */
  readonly of: (image: ImageInput) => readonly Target[] | undefined;
  /** Warnings for the user. */
  readonly warnings: readonly string[];
}

/** Source of the text prompts: one of these is given. */
interface PromptSettings {
  readonly prompt?: readonly string[] | undefined;
  readonly target?: readonly string[] | undefined;
  readonly prompts?: string | undefined;
}

/** The text prompts of each target by its name, or a list for the unnamed target. */
type Sentences = readonly string[] | ReadonlyMap<string, readonly string[]>;

/** The key for all images without their own entry. */
const others = "*";

/**
 * The targets of a run: the same text prompts for every image, or a file that maps images to theirs. Its keys are paths relative to the
 * input folder or bare names, with or without extension; "NAME[10:40]" is about slices 10 to 40 of a scan (see `sliceChoice`). The entry of an
 * image replaces the entry for all others, that of its slices the entry of a scan.
 *
 * @throws ConfigError when the file is unreadable or malformed, a text prompt has no words, a key matches two images, or the name of a
 * target is invalid
 */
export async function textPrompts(settings: PromptSettings, images: readonly ImageInput[]): Promise<TextPrompts> {
  const { prompt, target, prompts } = settings;
  if (prompts !== undefined) return await promptsOfFile(prompts, images);
  if (!prompt && !target) throw new ConfigError("no text prompt: pass --prompt TEXT, --target NAME=TEXT or --prompts FILE.json");
  for (const sentence of prompt ?? []) requireWords(sentence, "--prompt");
  const all = target ? namedTargets(sentencesByName(target), "--target") : [unnamedTarget(prompt!)];
  return { all, entries: [all], of: () => all, warnings: [] };
}

/** The error of an image without a text prompt in the prompts file. */
export function noPrompt({ file }: { readonly file: string }, { prompts }: PromptSettings): InputError {
  return new InputError(`"${file}": "${prompts}" has no text prompt for it and none for "*" (all others).`);
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

async function promptsOfFile(file: string, images: readonly ImageInput[]): Promise<TextPrompts> {
  const table = await readPromptFile(file);
  const keys: Side<string> = { items: [...table.keys()].filter((key) => key !== others), namesOf: (key) => [key], noun: "prompt" };
  const named = sideOfWholes([...new Set(images.map(wholeOf))]);
  const { leftOf, lonelyLeft } = joinByName(keys, named);
  const ranges = rangesOf(lonelyLeft, images, `"${file}"`);
  const message = lonelyMessage(
    lonelyLeft.filter((key) => !ranges.keys.has(key)),
    keys,
    named,
  );
  const all = targetsOf([...table.values()], file);
  const ofKey = new Map([...table].map(([key, sentences]) => [key, withSentences(all, sentences)]));
  const of = (image: ImageInput) => ofKey.get(ranges.of(image) ?? leftOf.get(wholeOf(image)) ?? others);
  const without = images.filter((image) => of(image) === undefined);
  const none = `for ${countOf(without.length, "image")} and none for "*" (all others): ${listed(without, 5, ({ path }) => `"${path}"`)}`;
  const messages = [...(message === undefined ? [] : [message]), ...(without.length > 0 ? [`no text prompt ${none}`] : [])];
  return { all, entries: [...ofKey.values()], of, warnings: messages.map((said) => `"${file}": ${said}`) };
}

type Whole = Pick<ImageInput, "name" | "path">;

/** What a key of a prompts file names: an image, or the scan that it is a frame of. */
const wholeOf = (image: ImageInput): Whole => image.frame?.whole ?? image;

const sideOfWholes = (items: readonly Whole[]): Side<Whole> => ({
  items,
  namesOf: (whole) => [...new Set([whole.path, pathWithoutEnding(whole), whole.name])],
  noun: "image",
});

/** A name and slices in brackets: "CT-3[10:40]". */
const nameAndSlices = /^(.+)\[([^[\]]+)\]$/;

/**
 * The keys that name some slices of a scan. Of several that name a slice, the first counts.
 *
 * @param lonely - keys that are the name of no image
 * @throws ConfigError when what stands in the brackets of a scan's name names no slices
 */
function rangesOf(lonely: readonly string[], images: readonly ImageInput[], where: string) {
  const scans = sideOfWholes([...new Set(images.flatMap(({ frame }) => frame?.whole ?? []))]);
  const chosen = new Map<Whole, { readonly key: string; readonly choice: SliceChoice }[]>();
  for (const key of lonely) {
    const [, name, slices] = nameAndSlices.exec(key) ?? [];
    if (name === undefined) continue;
    // One by one: several keys may name the same scan, in several ways.
    const { lonelyLeft, rightOf } = joinByName({ items: [name], namesOf: (own) => [own], noun: "prompt" }, scans);
    if (lonelyLeft.length > 0) continue;
    const choice = sliceChoice(slices!);
    if (!choice) throw new ConfigError(`${where}, "${key}": ${slicesExpected}, got "${slices}".`);
    addTo(chosen, rightOf.get(name)!, { key, choice });
  }
  return {
    keys: new Set([...chosen.values()].flat().map(({ key }) => key)),
    of: ({ frame }: ImageInput): string | undefined =>
      frame && chosen.get(frame.whole)?.find(({ choice }) => isChosen(frame.index + 1, choice))?.key,
  };
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

async function readPromptFile(file: string): Promise<Map<string, Sentences>> {
  const content = await readJson(file, ConfigError);
  const refuse = (what: string) =>
    new ConfigError(
      `"${file}": expected an object that maps file names to a text prompt, a list of text prompts, or an object of these by target name; ${what} is none of these.`,
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
