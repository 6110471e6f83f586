import { basename } from "node:path";
import { ConfigError } from "../../../errors.ts";
import type { ImageInput } from "../../../scans/list-images.ts";
import { promptSetKinds } from "../../../targets/prompt-sets/kinds.ts";
import { type PromptSet, readPromptSet } from "../../../targets/prompt-sets/prompt-set.ts";
import { type Target, unnamedTarget } from "../../../targets/target.ts";
import { uniform } from "../../../tensor/random.ts";
import { entriesByImage } from "./by-image.ts";
import { readClasses } from "./class-file.ts";
import { type TextPrompts, withoutPrompt } from "./targets-of-images.ts";

interface PromptSetSettings {
  readonly promptSet: string;
  readonly classAware: string | undefined;
  readonly seed: number;
}

/** The warning of a run whose text prompts name the class of each image. */
const oracle =
  "the text prompts name the class of each image (--class-aware): its results use information that a new image does not come with, and are not zero-shot";

/**
 * The text prompts of a set. Those of a set that draws depend on the seed and the name of the file alone, so that adding images changes nothing;
 * all slices of a scan have the same.
 *
 * @throws ConfigError when there is no such set, or classes are missing, unknown, or without use
 */
export async function promptsOfSet(
  { promptSet, classAware, seed }: PromptSetSettings,
  images: readonly ImageInput[],
): Promise<TextPrompts> {
  const set = await readPromptSet(promptSet);
  const lists = set.classes ? [...set.classes.values()] : [set.sentences!];
  const all = [unnamedTarget([...new Set(lists.flat())])];
  const { draws } = promptSetKinds[set.kind];
  const targetsOf = (sentences: readonly string[]): readonly Target[] => [{ ...all[0]!, sentences }];
  const entries = lists.flatMap((list) => (draws ? list.map((sentence) => targetsOf([sentence])) : [targetsOf(list)]));
  const { of, warnings } = await listsOfImages(set, classAware, images);
  return {
    all,
    entries,
    of: (image) => {
      const list = of(image);
      return list && targetsOf(draws ? [drawn(list, image, seed)] : list);
    },
    warnings,
  };
}

/** The list of sentences for each image: that of its class, if the set has classes. */
async function listsOfImages(
  { name, kind, sentences, classes }: PromptSet,
  classAware: string | undefined,
  images: readonly ImageInput[],
): Promise<Pick<TextPrompts, "warnings"> & { readonly of: (image: ImageInput) => readonly string[] | undefined }> {
  if (!classes) {
    if (classAware === undefined) return { of: () => sentences, warnings: [] };
    throw new ConfigError(`--class-aware: "${name}" has the same sentences for all classes. Leave it out, or use P1, P3 or P5.`);
  }
  if (classAware === undefined)
    throw new ConfigError(
      `--prompt-set ${name}: P1, P3 and P5 name the class of each image, so ${kind} needs --class-aware FILE.csv or FILE.json that tells it (${[...classes.keys()].join(", ")}). Without known classes use P0, P2 or P4.`,
    );
  const told = await readClasses(classAware);
  for (const [image, own] of told) {
    if (classes.has(own)) continue;
    throw new ConfigError(
      `"${classAware}": "${image}" has the class "${own}", but "${name}" has ${[...classes.keys()].join(", ")}. Leave images of other classes out of the inputs, or use P0, P2 or P4, which name no class.`,
    );
  }
  const { of, lonely } = entriesByImage(told, images, { file: classAware, noun: "class" });
  const without = images.filter((image) => of(image) === undefined);
  const messages = [...(lonely === undefined ? [] : [lonely]), ...withoutPrompt(without, "class")];
  return {
    of: (image) => {
      const own = of(image);
      return own === undefined ? undefined : classes.get(own);
    },
    warnings: [oracle, ...messages.map((message) => `"${classAware}": ${message}`)],
  };
}

/** A sentence of a list, uniformly by the seed and the name of the image's file, or of the scan that it is a slice of. */
function drawn(sentences: readonly string[], { file, frame }: ImageInput, seed: number): string {
  const name = basename(frame?.whole.file ?? file);
  return sentences[Math.floor(uniform(`prompts/${name}`, seed).at(0) * sentences.length)]!;
}
