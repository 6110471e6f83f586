import { z } from "zod";
import { controlCharactersIn, visible } from "../../../text/control-characters.ts";
import { requireWords } from "../../../text/reading.ts";

/** What a list of sentences is to describe. */
export interface SentenceRequest {
  readonly target: string;
  readonly modality: string;
  /** The class whose look is described; absent for sentences about all classes. */
  readonly className?: string | undefined;
  /** All classes, which generic sentences must not name. */
  readonly classes: readonly string[];
  readonly count: number;
}

/** The request for a list of sentences, in words. Nothing else is sent but numbers: no image, no file name. */
export function requestText({ target, modality, className, classes, count }: SentenceRequest): string {
  const subject = className === undefined ? target : `${className} ${target}`;
  return [
    `Write ${count} different sentences that describe how a ${subject} looks in a ${modality} image.`,
    `Each sentence is 10 to 23 words long and has this structure: the modality ("A medical ${modality}"), a verb of showing, one or two radiological descriptors (shape, margin, brightness, location), a hedge such as "suggestive of" or "consistent with", and the name "${subject}".`,
    `Use correct radiological terms for ${modality}, and name no other modality.`,
    className === undefined
      ? `The sentences must hold for every image with this finding${classes.length > 0 ? `: do not name any of these classes: ${classes.join(", ")}` : ", whatever its subtype"}.`
      : `Use descriptors that are typical of "${className}".`,
    'Answer with JSON alone: {"sentences": ["...", "..."]}.',
  ].join("\n");
}

/** The answer to a request. */
const Answer = z.object({ sentences: z.array(z.string().min(1)) });

/** The schema of the answer, for endpoints that write JSON by one. */
export const answerSchema: Readonly<Record<string, unknown>> = {
  type: "object",
  properties: { sentences: { type: "array", items: { type: "string" } } },
  required: ["sentences"],
  additionalProperties: false,
};

/** The sentences of an answer, or what is wrong with it. */
export type ReadAnswer = { readonly sentences: readonly string[] } | { readonly problem: string };

/** Reads an answer: JSON, also inside a fenced block, with at least as many different sentences as asked for. */
export function readAnswer(text: string, count: number): ReadAnswer {
  let content: unknown;
  try {
    content = JSON.parse(/```(?:json)?\s*([\s\S]*?)```/.exec(text)?.[1] ?? text);
  } catch (error) {
    return { problem: `it is not JSON: ${(error as Error).message}` };
  }
  const { data, error } = Answer.safeParse(content);
  if (error) return { problem: `it is not {"sentences": ["...", ...]}: ${z.prettifyError(error)}` };
  const sentences = [...new Set(data.sentences.map((sentence) => sentence.replace(/\s+/g, " ").trim()))];
  if (sentences.length < count) return { problem: `it has ${sentences.length} different sentences, expected ${count}` };
  for (const sentence of sentences) {
    const control = controlCharactersIn(sentence);
    if (control.length > 0) return { problem: `a sentence has control characters (${control.join(", ")}): "${visible(sentence)}"` };
    try {
      requireWords(sentence, "a sentence");
    } catch (wrong) {
      return { problem: (wrong as Error).message };
    }
  }
  return { sentences: sentences.slice(0, count) };
}
