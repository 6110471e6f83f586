import { basename, join } from "node:path";
import { z } from "zod";
import { ConfigError, WeightsError } from "../../errors.ts";
import { readJson } from "../../files/read-json.ts";
import { packageFolder } from "../../package-folder.ts";
import { requireWords } from "../../text/reading.ts";
import type { PromptTask } from "./set-name.ts";

const Sentence = z.string().min(1);
const Sentences = z.array(Sentence).min(1);

/** A prompt set file: the text prompts of a task. */
export const PromptSetFile = z.strictObject({
  /** Target and modality in a few words. */
  title: Sentence,
  modality: Sentence,
  target: Sentence,
  /** How the sentences were made, where a program wrote them. */
  made: z.record(z.string(), z.unknown()).optional(),
  sets: z.strictObject({
    P0: Sentence.optional(),
    /** By class. */
    P1: z.record(Sentence, Sentence).optional(),
    P2: Sentences.optional(),
    /** By class. */
    P3: z.record(Sentence, Sentences).optional(),
    appearance: Sentences.optional(),
  }),
});
export type PromptSetFile = z.infer<typeof PromptSetFile>;

/** The prompt set file of a task that comes with this package. @throws WeightsError when the package is incomplete */
export async function embeddedPromptSets(task: PromptTask): Promise<PromptSetFile> {
  const root = await packageFolder();
  if (root === undefined) throw new WeightsError("the folder of this package was not found, so its prompt sets cannot be read.");
  return await readPromptSets(join(root, "prompt-sets", `${task}.json`));
}

/** Whether the content of a JSON file is meant as a prompt set file, be it a valid one or not. */
export const looksLikePromptSets = (content: unknown): boolean =>
  typeof content === "object" && content !== null && "sets" in content && "target" in content;

/**
 * @param check - of each sentence; by default that it has words
 * @throws ConfigError when a file cannot be read or is no prompt set file
 */
export async function readPromptSets(file: string, check = requireWords): Promise<PromptSetFile> {
  const { data, error } = PromptSetFile.safeParse(await readJson(file, ConfigError));
  if (error) {
    throw new ConfigError(
      `"${file}" is not a prompt set file: ${z.prettifyError(error)}\nExpected { title, modality, target, sets: { P0, P1, P2, P3, appearance } }, as the files in prompt-sets of this package. For sentences by file name use --prompts.`,
    );
  }
  const { P0, P1 = {}, P2 = [], P3 = {}, appearance = [] } = data.sets;
  const all = [...(P0 === undefined ? [] : [P0]), ...Object.values(P1), ...P2, ...Object.values(P3).flat(), ...appearance];
  for (const sentence of all) check(sentence, `"${basename(file)}"`);
  return data;
}
