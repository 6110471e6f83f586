import type { Mask } from "../../image/index.ts";
import { iou, mean, pearson, rankCorrelation } from "../../metrics/index.ts";
import type { PromptKind } from "./wordings.ts";

/** What a text prompt gives for an image. */
export interface Found {
  /** The saliency method's value per patch, [g · g]. */
  readonly capacity: Float32Array;
  readonly mask: Mask;
  /** Cosine similarity of image and text. */
  readonly score: number;
}

/** A text prompt compared with the right one, for an image. */
export interface Comparison {
  /** Of the values per patch; null where one of the maps is constant. */
  readonly pearson: number | null;
  readonly rank: number | null;
  /** Intersection over union of the masks; 1 for two empty ones. */
  readonly iou: number;
  /** Score of the right text prompt minus this one's. */
  readonly margin: number;
}

/** Compares what text prompts give for an image with what the right one gives. */
export function compared(right: Found, other: Found): Comparison {
  return {
    pearson: pearson(right.capacity, other.capacity) ?? null,
    rank: rankCorrelation(right.capacity, other.capacity) ?? null,
    iou: iou(right.mask, other.mask),
    margin: right.score - other.score,
  };
}

/** A mean over images and text prompts; null of none. */
export interface MeanOf {
  readonly mean: number | null;
  /** How many values there are. */
  readonly n: number;
}

/** Means of comparisons. */
export type MeanComparison = Readonly<Record<keyof Comparison, MeanOf>>;

export function meanComparison(all: readonly Comparison[]): MeanComparison {
  const of = (name: keyof Comparison): MeanOf => {
    const values = all.flatMap((one) => one[name] ?? []);
    return { mean: values.length > 0 ? mean(values) : null, n: values.length };
  };
  return { pearson: of("pearson"), rank: of("rank"), iou: of("iou"), margin: of("margin") };
}

/** Whether the maps follow the sentence. */
export interface Verdict {
  readonly reads: "sentence" | "words" | "picture" | "unknown";
  /** The answer in a sentence. */
  readonly sentence: string;
  /** The rule by which it was found. */
  readonly rule: string;
}

/** From this mean correlation on with the maps of prompts that say nothing, a map is that of the picture. */
const samePicture = 0.9;
/** By this much more alike than all others must paraphrases be, for the sentence to be read. */
const leastLead = 0.1;

const rule = `Mean Pearson correlation of the maps with those of the right text prompt: above ${samePicture} for null or gibberish prompts, the model sees just the picture; else, if that of paraphrases is not at least ${leastLead} above that of contradictory, null and gibberish prompts, it reacts to words but not to their meaning; else it reads the sentence.`;

/** The answer to the question of the report. @param of - means over the text prompts of each kind */
export function verdictOf(of: Readonly<Record<Exclude<PromptKind, "right">, MeanComparison>>): Verdict {
  const value = (kind: keyof typeof of) => of[kind].pearson.mean ?? undefined;
  const text = (number: number | undefined) => number?.toFixed(2) ?? "none";
  const [paraphrase, contradiction, empty, gibberish] = [value("paraphrase"), value("contradiction"), value("null"), value("gibberish")];
  const nothing = Math.max(empty ?? -1, gibberish ?? -1);
  if (nothing > samePicture) {
    const sentence = `The model sees just the picture: prompts that say nothing give nearly the same map as the right one (mean correlation ${text(nothing)}).`;
    return { reads: "picture", sentence, rule };
  }
  if (paraphrase === undefined || contradiction === undefined)
    return {
      reads: "unknown",
      sentence: "It cannot be said whether the model reads the sentence: too many of its maps are constant.",
      rule,
    };
  const numbers = `mean correlation with the map of the right prompt ${text(paraphrase)} for paraphrases, ${text(contradiction)} for contradictory, ${text(empty)} for null and ${text(gibberish)} for gibberish prompts`;
  if (paraphrase - Math.max(contradiction, nothing) < leastLead) {
    const sentence = `The model reacts to the words, but not to what they mean: others change the map no more than paraphrases do (${numbers}).`;
    return { reads: "words", sentence, rule };
  }
  return {
    reads: "sentence",
    sentence: `The model reads the sentence: paraphrases keep the map, and all others change it (${numbers}).`,
    rule,
  };
}
