import { uniform } from "../../tensor/random.ts";
import { modalitiesIn } from "../../text/modality-words.ts";

/** What a text prompt of the report is, compared with the right one. */
export const promptKinds = {
  right: "the text prompt under test",
  paraphrase: "the same in other words",
  contradiction: "another organ in another modality",
  null: "words that say nothing",
  gibberish: "no words, or words without sense",
} as const;
export type PromptKind = keyof typeof promptKinds;

/** A text prompt of the report. */
export interface Wording {
  /** Name in files and records: "right", "paraphrase-1". */
  readonly id: string;
  readonly kind: PromptKind;
  readonly text: string;
}

/** Wordings that a user gives instead of ours. */
export interface GivenWordings {
  readonly target: string;
  readonly paraphrase: readonly string[];
  readonly contradiction: readonly string[];
}

/** The text prompts of a report, the right one first. @param seed - of the letters of the gibberish */
export function wordingsOf({ target, paraphrase, contradiction }: GivenWordings, seed: number): Wording[] {
  const numbered = (kind: PromptKind, texts: readonly string[]) =>
    texts.map((text, i): Wording => ({ id: `${kind}-${i + 1}`, kind, text }));
  return [
    { id: "right", kind: "right", text: target },
    ...numbered("paraphrase", paraphrase.length > 0 ? paraphrase : paraphrasesOf(target)),
    ...numbered("contradiction", contradiction.length > 0 ? contradiction : contradictionsOf(target)),
    ...numbered("null", ["a medical image", "an image", "a picture"]),
    ...numbered("gibberish", [letters(1, seed), letters(2, seed), "seven quiet engines borrow the purple Thursday"]),
  ];
}

/** Sentences around the target that leave its words, so that they cannot be wrong. */
function paraphrasesOf(target: string): string[] {
  const plain = target.trim().replace(/\.$/, "");
  // An acronym keeps its capital: "MRI of the brain", "X-ray".
  const inside = /^\p{Lu}\p{Ll}/u.test(plain) || /^A /.test(plain) ? plain[0]!.toLowerCase() + plain.slice(1) : plain;
  return [`in this image: ${inside}`, `${plain}, as visible in the picture`, `the picture shows ${inside}`];
}

interface Elsewhere {
  readonly text: string;
  readonly modality: string;
  readonly organ: RegExp;
}

const elsewhere: readonly Elsewhere[] = [
  { text: "A dental X-ray showing the teeth", modality: "X-ray", organ: /dent|tooth|teeth|jaw|mandib/i },
  { text: "An abdominal CT showing the kidneys", modality: "CT", organ: /abdom|kidney|renal/i },
  { text: "A knee MRI showing the meniscus", modality: "MRI", organ: /knee|menisc/i },
  { text: "A neck ultrasound showing the thyroid gland", modality: "ultrasound", organ: /neck|thyroid/i },
  { text: "A fundus photograph showing the optic disc", modality: "fundus photograph", organ: /fundus|retina|optic|eye/i },
];

/** Three text prompts about other organs in other modalities than the target names. */
function contradictionsOf(target: string): string[] {
  const named = modalitiesIn(target);
  const isElsewhere = ({ modality, organ }: Elsewhere) => !organ.test(target) && !named.includes(modality);
  return elsewhere
    .filter(isElsewhere)
    .slice(0, 3)
    .map(({ text }) => text);
}

const [consonants, vowels] = ["bcdfghjklmnpqrstvwxz", "aeiouy"];

/** Five words of random syllables. */
function letters(number: number, seed: number): string {
  const random = uniform(`prompt-report/gibberish/${number}`, seed);
  let drawn = 0;
  const pick = (from: string) => from[Math.floor(random.at(drawn++) * from.length)]!;
  const word = () =>
    Array.from({ length: 2 + Math.floor(random.at(drawn++) * 2) }, () => pick(consonants) + pick(vowels) + pick(consonants)).join("");
  return Array.from({ length: 5 }, word).join(" ");
}
