import { listed } from "../../../listed.ts";
import { classWordsIn } from "../../../text/class-words.ts";
import { controlCharactersIn } from "../../../text/control-characters.ts";
import { modalitiesIn, otherModalities } from "../../../text/modality-words.ts";
import { type Reading, requireWords } from "../../../text/reading.ts";
import type { PromptList } from "./prompt-lists.ts";

/** What rules look at. */
export interface Examined {
  readonly lists: readonly PromptList[];
  /** Modalities of the images that the sentences of a list are for, as far as known. */
  readonly modalitiesOf: (list: PromptList) => readonly string[];
  /** How the model reads a sentence; absent without a model. */
  readonly readingOf?: (sentence: string) => Reading;
}

/** Something wrong with text prompts. */
export interface Problem {
  readonly where: string;
  readonly message: string;
}

/** A rule: what is wrong with some text prompts. */
export type PromptRule = (examined: Examined) => Problem[];

/** All rules, by the name under which problems are told. */
export const promptRules = { empty, control, modality, tokens, vocabulary, leak, duplicate } as const satisfies Readonly<
  Record<string, PromptRule>
>;

/** One problem for each sentence of which a function says something. */
function ofEach({ lists }: Examined, messageOf: (sentence: string, list: PromptList) => string | undefined): Problem[] {
  return lists.flatMap((list) =>
    list.sentences.flatMap((sentence) => {
      const message = messageOf(sentence, list);
      return message === undefined ? [] : [{ where: list.where, message: `${message}: "${sentence}"` }];
    }),
  );
}

const hasWords = (sentence: string): boolean => {
  try {
    requireWords(sentence, "");
    return true;
  } catch {
    return false;
  }
};

/** A sentence without words, or with none that says what to look for. */
function empty(examined: Examined): Problem[] {
  return ofEach(examined, (sentence) => {
    if (!hasWords(sentence)) return "there are no words";
    const reading = examined.readingOf?.(sentence);
    return reading === undefined || reading.saysSomething || reading.cut !== undefined
      ? undefined
      : "no word that the model knows says what to look for";
  });
}

/** Characters that stand for no letter, such as the colours of a terminal in the answer of a language model. */
function control(examined: Examined): Problem[] {
  return ofEach(examined, (sentence) => {
    const found = controlCharactersIn(sentence);
    return found.length === 0 ? undefined : `control characters (${found.join(", ")})`;
  });
}

/** A word of another modality than that of the images, or words of several. */
function modality({ lists, modalitiesOf }: Examined): Problem[] {
  return lists.flatMap((list): Problem[] => {
    const own = modalitiesOf(list);
    if (own.length > 0) {
      return list.sentences.flatMap((sentence) => {
        const foreign = own.flatMap((name) => otherModalities(sentence, name).map((other) => `${other} in an image of ${name}`));
        return foreign.length === 0 ? [] : [{ where: list.where, message: `${[...new Set(foreign)].join(", ")}: "${sentence}"` }];
      });
    }
    const named = [...new Set(list.sentences.flatMap(modalitiesIn))];
    const odd = named.filter((name) => named.some((other) => otherModalities(name, other).length > 0));
    return odd.length < 2 ? [] : [{ where: list.where, message: `words of several modalities: ${odd.join(", ")}` }];
  });
}

/** A sentence that is longer than the model's context. */
function tokens(examined: Examined): Problem[] {
  return ofEach(examined, (sentence) => {
    const cut = examined.readingOf?.(sentence).cut;
    return cut === undefined ? undefined : `too long for the model, which does not see "${cut}"`;
  });
}

/** Words that the model cannot know. */
function vocabulary({ lists, readingOf }: Examined): Problem[] {
  if (!readingOf) return [];
  const places = new Map<string, Set<string>>();
  for (const { where, sentences } of lists) {
    for (const sentence of sentences) {
      const { unknown, spelled } = readingOf(sentence);
      for (const word of [...unknown, ...spelled]) places.set(word, (places.get(word) ?? new Set()).add(where));
    }
  }
  return [...places].map(([word, wheres]) => ({ where: listed([...wheres], 3), message: `"${word}" is not in the model's vocabulary` }));
}

/** Sentences by which the images of a run differ, and which name what the images differ in: the label would be in the prompt. */
function leak({ lists }: Examined): Problem[] {
  const keyed = lists.filter(({ key }) => key !== undefined);
  const classesOf = ({ sentences }: PromptList): string => classWordsIn(sentences.join(" ")).join(", ");
  const kinds = new Map<string | undefined, Set<string>>();
  for (const list of keyed) kinds.set(list.target, (kinds.get(list.target) ?? new Set()).add(classesOf(list)));
  const told = keyed.filter((list) => kinds.get(list.target)!.size > 1 && classesOf(list) !== "");
  const classes = [...new Set(lists.flatMap(({ className }) => className ?? []))];
  const generic = lists.filter(({ key, className }) => key === undefined && className === undefined);
  return [
    ...told.map((list) => ({
      where: list.where,
      message: `names ${classesOf(list)}, and other images have other words: the label is in the prompt. Results are not zero-shot; say so, as --class-aware does.`,
    })),
    ...generic.flatMap((list) => {
      const named = classes.filter((name) => list.sentences.some((sentence) => isNamedIn(name, sentence)));
      return named.length === 0
        ? []
        : [{ where: list.where, message: `names ${named.join(", ")}, though it is for images of all classes` }];
    }),
  ];
}

const isNamedIn = (name: string, sentence: string): boolean => {
  const words = (text: string) =>
    ` ${text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, " ")
      .trim()} `;
  return words(sentence).includes(words(name));
};

/** The same sentence twice in a list. */
function duplicate({ lists }: Examined): Problem[] {
  return lists.flatMap(({ where, sentences }) => {
    const seen = new Set<string>();
    return sentences.flatMap((sentence) => {
      const plain = sentence
        .normalize("NFKC")
        .toLowerCase()
        .replace(/[\s.]+/g, " ")
        .trim();
      if (!seen.has(plain)) {
        seen.add(plain);
        return [];
      }
      return [{ where, message: `stands there twice: "${sentence}"` }];
    });
  });
}
