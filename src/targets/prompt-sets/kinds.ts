/** The parts of a prompt set file from which the kinds of sets are made. */
export const promptSetParts = ["P0", "P1", "P2", "P3", "appearance"] as const;
export type PromptSetPart = (typeof promptSetParts)[number];

/** How a kind of prompt set gives each image its text prompt. */
export interface PromptSetKind {
  /** What it is, for lists. */
  readonly words: string;
  /** The part of the file that holds its sentences. */
  readonly part: PromptSetPart;
  /** Whether it names the class of the image, which somebody must have told. */
  readonly isPerClass: boolean;
  /** Whether each image gets one sentence of the list, drawn by seed and file name; otherwise all are averaged. */
  readonly draws: boolean;
}

/**
 * The kinds of prompt sets, by the names of the MedCLIP-SAM papers: P0 to P5 from the fewest words to ensembles of sentences.
 *
 * @see Koleilat et al. 2024, arXiv:2409.19483; the meaning of P1, P4 and P5 is inferred. `appearance` is our own.
 */
export const promptSetKinds = {
  P0: { words: "a short phrase, the same for all images", part: "P0", isPerClass: false, draws: false },
  P1: { words: "a short phrase that names the class", part: "P1", isPerClass: true, draws: false },
  P2: { words: "one of the descriptive sentences, drawn for each image", part: "P2", isPerClass: false, draws: true },
  P3: { words: "one of the sentences about the class, drawn for each image", part: "P3", isPerClass: true, draws: true },
  P4: { words: "all sentences of P2, their embeddings averaged", part: "P2", isPerClass: false, draws: false },
  P5: { words: "all sentences of P3 about the class, their embeddings averaged", part: "P3", isPerClass: true, draws: false },
  appearance: {
    words: "phrases about what the eye sees, averaged; they name no organ",
    part: "appearance",
    isPerClass: false,
    draws: false,
  },
} as const satisfies Readonly<Record<string, PromptSetKind>>;
export type PromptSetKindName = keyof typeof promptSetKinds;
