import type { Tokenizer } from "./tokenizer.ts";

/** Tables of words are padded to a multiple of this many rows at most. */
const padding = 128;

/** A table with so many more rows than words was made for another vocabulary, not padded. */
const leastShare = 0.9;

/**
 * Whether a vocabulary belongs to a model, as far as its size and special tokens tell.
 *
 * @param text - rows of the model's word embedding, and the id of the token that ends a text, where the model reads that token
 * @param textName - the language model that the text tower was made from, where the configuration names it
 * @returns why it cannot, or what makes it doubtful
 */
export function vocabularyFit(
  tokenizer: Tokenizer,
  source: string,
  { vocabulary: rows, endToken }: { readonly vocabulary: number; readonly endToken?: number | undefined },
  textName = "",
): { readonly problem?: string; readonly warnings: readonly string[] } {
  const { vocabularySize: size } = tokenizer;
  const sizes = `the vocabulary in "${source}" has ${size} words, the word embedding ${rows} rows`;
  const isFar = rows - size >= padding;
  if (size > rows || (isFar && size < leastShare * rows)) {
    return { problem: `${sizes}. They belong to different models: use the model's own vocabulary.`, warnings: [] };
  }
  const warnings = isFar ? [`${sizes}. Is it the model's own?`] : [];
  const [start, end] = tokenizer.encode("").ids;
  if (endToken !== undefined && end !== endToken) {
    return {
      problem: `with the vocabulary in "${source}" texts end with the token ${end}, but the model reads the token ${endToken} as their end. They belong to different models: use the model's own vocabulary.`,
      warnings: [],
    };
  }
  if (/pubmedbert|biomedbert/i.test(textName) && (start !== 2 || end !== 3)) {
    warnings.push(
      `"${source}" has [CLS] and [SEP] at ${start} and ${end}, but the configuration names "${textName}", where they are at 2 and 3. The vocabulary of another BERT encodes every text wrongly: use the model's own.`,
    );
  }
  return { warnings };
}
