import { ConfigError } from "../../../errors.ts";
import { readJson } from "../../../files/read-json.ts";
import { readPromptSet } from "../../../targets/prompt-sets/prompt-set.ts";
import { looksLikePromptSets, type PromptSetFile, readPromptSets } from "../../../targets/prompt-sets/set-file.ts";
import { modalitiesIn } from "../../../text/modality-words.ts";
import { readPromptFile } from "../../zero-shot/targets/prompts-file.ts";
import type { PromptsLintSettings } from "./settings.ts";

/** Sentences that stand together: an ensemble, or a list from which one is drawn. */
export interface PromptList {
  /** Where they stand, for messages. */
  readonly where: string;
  readonly sentences: readonly string[];
  /** Key in a prompts file; absent for sentences that are for all images. */
  readonly key?: string;
  /** The named target that they are for. */
  readonly target?: string;
  /** The class that they are meant to name. */
  readonly className?: string;
}

/** All sentences that are examined. */
export interface PromptLists {
  readonly lists: readonly PromptList[];
  /** Modality that the file says itself. */
  readonly modality?: string | undefined;
  /** Keys of a prompts file; absent for other sources. */
  readonly keys?: readonly string[];
}

/** Sentences are examined, not refused. */
const takeAny = () => {};

/** The sentences of a command line. @throws ConfigError when a file is unreadable or malformed */
export async function promptLists({ file, prompt, promptSet }: PromptsLintSettings): Promise<PromptLists> {
  if (prompt) return { lists: [{ where: "--prompt", sentences: prompt }] };
  if (promptSet !== undefined) {
    const { sentences, classes } = await readPromptSet(promptSet);
    const lists = classes
      ? [...classes].map(([own, list]) => ({ where: own, sentences: list, className: own }))
      : [{ where: promptSet, sentences: sentences! }];
    return { lists };
  }
  if (looksLikePromptSets(await readJson(file!, ConfigError))) return listsOfSets(await readPromptSets(file!, takeAny));
  const table = await readPromptFile(file!, takeAny);
  const lists = [...table].flatMap(([key, entry]): PromptList[] =>
    entry instanceof Map
      ? [...entry].map(([target, sentences]) => ({ where: `"${key}", "${target}"`, sentences, key, target }))
      : [{ where: `"${key}"`, sentences: entry as readonly string[], key }],
  );
  return { lists, keys: [...table.keys()] };
}

function listsOfSets({ modality, sets: { P0, P1 = {}, P2, P3 = {}, appearance } }: PromptSetFile): PromptLists {
  const lists: PromptList[] = [
    ...(P0 === undefined ? [] : [{ where: "P0", sentences: [P0] }]),
    ...Object.entries(P1).map(([own, phrase]) => ({ where: `P1, ${own}`, sentences: [phrase], className: own })),
    ...(P2 ? [{ where: "P2", sentences: P2 }] : []),
    ...Object.entries(P3).map(([own, sentences]) => ({ where: `P3, ${own}`, sentences, className: own })),
    ...(appearance ? [{ where: "appearance", sentences: appearance }] : []),
  ];
  const [own, another] = modalitiesIn(modality);
  return { lists, modality: another === undefined ? own : undefined };
}
