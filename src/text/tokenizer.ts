/** A token of a text: a word of the vocabulary, or a part of one. */
export interface WordPiece {
  readonly id: number;
  /** Without the mark of a piece that continues a word, or that ends one. */
  readonly text: string;
  /** Whether it continues the word of the piece before. */
  readonly continues: boolean;
}

/** Turns a sentence into the ids of a vocabulary. */
export interface Tokenizer {
  /** How words are cut: into the longest known pieces, or by merging bytes. */
  readonly kind: "WordPiece" | "BPE";
  /** Number of ids; an embedding table with fewer rows belongs to another vocabulary. */
  readonly vocabularySize: number;
  /** Warnings about entries of its files that are not followed. */
  readonly warnings: readonly string[];
  /** The id that fills a batch of sentences up to one length. */
  readonly padId: number;
  /** The id of a word that the vocabulary lacks; byte pairs have tokens for any word. */
  readonly unknownId?: number;
  /** Whether words can continue with pieces of several letters, as in the vocabulary of a trained language model. */
  readonly hasWordParts: boolean;
  /** The pieces of a text, without start and end token. A word that the vocabulary lacks is one piece, [UNK]. */
  pieces(text: string): WordPiece[];
  /**
   * A sentence as the text tower reads it: ids with the start and the end token, without padding.
   *
   * @param options.contextLength - a longer text is cut to this many ids, of which the last is the end token; default: never cut
   * @returns also whether the text was truncated, which the user should know
   * @throws ConfigError when the context cannot hold the start and the end token
   */
  encode(text: string, options?: { readonly contextLength?: number }): { ids: number[]; truncated: boolean };
}
