import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { z } from "zod";
import { WeightsError } from "../errors.ts";
import { parseJson } from "../files/json.ts";
import { between } from "./_between.ts";
import { checkAdded, readTokenizerConfig, type TokenizerConfig, wordPieceTable } from "./_tokenizer-config.ts";
import type { Tokenizer } from "./tokenizer.ts";

const TokenizerJson = z.looseObject({
  normalizer: z.looseObject({ type: z.string(), handle_chinese_chars: z.boolean().optional() }).nullable(),
  post_processor: z
    .looseObject({
      type: z.string(),
      single: z.array(z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }).optional() })).optional(),
    })
    .nullish(),
  added_tokens: z.array(z.looseObject({ id: z.int().nonnegative(), content: z.string() })).default([]),
  model: z.looseObject({ type: z.string(), vocab: z.unknown() }),
});

const WordPieceVocabulary = z.record(z.string(), z.int().nonnegative());

/** Special tokens. PubMedBERT has them at 0 to 4, other vocabularies elsewhere: they are found by name. */
const specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;

/**
 * Ideographs beyond the 16-bit plane. The library looks at 16-bit units and does not see them, so that two in a row would
 * become one word; the ranges are those of BERT.
 */
const rareIdeograph = /[\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B820}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

/**
 * BERT's WordPiece over a vocabulary: clean, lower the case, strip accents, split at spaces and punctuation, then cut each word
 * greedily into the longest known pieces. A word that has no pieces, or more than 100 characters, is [UNK].
 *
 * @param vocabText - the content of `vocab.txt`, one token a line; the line is the id
 * @param options.source - names the file in errors
 * @param options.config - the content of `tokenizer_config.json`; default: lower case, accents stripped, ideographs split
 * @throws WeightsError when the vocabulary is empty, foreign, or lacks a special token
 */
export function wordPieceOf(vocabText: string, options: { source?: string; config?: unknown } = {}): Tokenizer {
  const source = options.source ?? "vocab.txt";
  const config = readTokenizerConfig(options.config ?? {}, wordPieceTable, source);
  const { lowerCase = true, stripAccents = null, splitIdeographs = true, warnings } = config;
  const lines = vocabText.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  if (lines.every((line) => line.trim() === "")) throw new WeightsError(`"${source}" is empty; expected one token a line`);
  const vocabulary = Object.fromEntries(lines.map((token, id) => [token, id]));
  const ids = specialIds(vocabulary, source);
  checkAdded(config, vocabulary, source);
  const doubts = lineDoubts(lines, vocabulary).map((doubt) => `"${source}": ${doubt} Is it damaged?`);
  return tokenizerOf(
    {
      added_tokens: specialTokens.map((content) => ({ id: ids[content], content, normalized: false, special: true })),
      normalizer: {
        type: "BertNormalizer",
        clean_text: true,
        handle_chinese_chars: splitIdeographs,
        strip_accents: stripAccents,
        lowercase: lowerCase,
      },
      pre_tokenizer: { type: "BertPreTokenizer" },
      post_processor: null,
      decoder: null,
      model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab: vocabulary },
    },
    { ids, size: lines.length, splitsIdeographs: splitIdeographs, warnings: [...warnings, ...doubts] },
  );
}

/** Lines that no vocabulary should have: blank ones, and words that stand twice, of which the last line counts. */
function lineDoubts(lines: readonly string[], vocabulary: Readonly<Record<string, number>>): string[] {
  const blank = lines.findIndex((line) => line.trim() === "");
  const twice = lines.findIndex((line, id) => vocabulary[line] !== id);
  return [
    ...(blank >= 0 ? [`line ${blank + 1} has no word.`] : []),
    ...(twice >= 0
      ? [`the word "${lines[twice]}" stands in lines ${twice + 1} and ${vocabulary[lines[twice]!]! + 1}; the last is used.`]
      : []),
  ];
}

/**
 * The WordPiece tokenizer that a `tokenizer.json` describes. Its padding, truncation and template are not used:
 * a sentence is [CLS], its pieces, [SEP].
 *
 * @param options.config - the content of `tokenizer_config.json`, which goes before the file's own normaliser as in Hugging Face's library
 * @throws WeightsError when it is not JSON, describes another kind of tokenizer, or lacks a special token
 */
export function wordPieceOfJson(json: string, options: { source?: string; config?: unknown } = {}): Tokenizer {
  const source = options.source ?? "tokenizer.json";
  const parsed = TokenizerJson.safeParse(parseJson(json, source, WeightsError));
  if (!parsed.success) throw new WeightsError(`"${source}" does not describe a tokenizer: ${z.prettifyError(parsed.error)}`);
  const { added_tokens, model, post_processor } = parsed.data;
  const config = readTokenizerConfig(options.config ?? {}, wordPieceTable, source);
  const normalizer = normalizerOf(parsed.data.normalizer, config);
  if (model.type !== "WordPiece") {
    throw new WeightsError(`"${source}" describes a ${model.type} tokenizer, expected WordPiece (BERT)`);
  }
  const vocabulary = WordPieceVocabulary.safeParse(model.vocab);
  if (!vocabulary.success) throw new WeightsError(`"${source}": "model.vocab" must map each token to its id`);
  const all = { ...vocabulary.data, ...Object.fromEntries(added_tokens.map(({ content, id }) => [content, id])) };
  const ids = specialIds(all, source);
  checkAdded(config, all, source);
  const warnings = isUsualTemplate(post_processor)
    ? config.warnings
    : [...config.warnings, `"${source}": "post_processor" is not followed; a sentence is [CLS], its pieces, [SEP].`];
  try {
    return tokenizerOf(
      { pre_tokenizer: null, decoder: null, ...parsed.data, normalizer, post_processor: null },
      {
        ids,
        size: Object.values(all).reduce((largest, id) => Math.max(largest, id), 0) + 1,
        splitsIdeographs: normalizer?.type === "BertNormalizer" && normalizer.handle_chinese_chars === true,
        warnings,
      },
    );
  } catch (cause) {
    throw new WeightsError(`"${source}" describes a tokenizer that cannot be built: ${(cause as Error).message}`, { cause });
  }
}

type Normalizer = z.infer<typeof TokenizerJson>["normalizer"];

/** BERT's normaliser with what the configuration says otherwise. */
function normalizerOf(own: Normalizer, { lowerCase, stripAccents, splitIdeographs }: TokenizerConfig): Normalizer {
  if (own?.type !== "BertNormalizer") return own;
  return {
    ...own,
    ...(lowerCase !== undefined && { lowercase: lowerCase }),
    ...(stripAccents !== undefined && { strip_accents: stripAccents }),
    ...(splitIdeographs !== undefined && { handle_chinese_chars: splitIdeographs }),
  };
}

/** Whether a sentence becomes [CLS], its pieces, [SEP]; so it does where the file says nothing. */
function isUsualTemplate(processor: z.infer<typeof TokenizerJson>["post_processor"]): boolean {
  if (!processor || processor.type === "BertProcessing") return true;
  const single = processor.single?.map((piece) => piece.SpecialToken?.id ?? "").join(" ");
  return processor.type === "TemplateProcessing" && single === "[CLS]  [SEP]";
}

/** The id of each special token. */
function specialIds(vocabulary: Record<string, number>, source: string): Record<(typeof specialTokens)[number], number> {
  const missing = specialTokens.filter((token) => !Object.hasOwn(vocabulary, token));
  if (missing.length > 0) {
    throw new WeightsError(
      `"${source}" has ${Object.keys(vocabulary).length} tokens but not ${missing.map((token) => `"${token}"`).join(", ")}. ` +
        "Is it the vocab.txt of a BERT model?",
    );
  }
  return Object.fromEntries(specialTokens.map((token) => [token, vocabulary[token]!])) as Record<(typeof specialTokens)[number], number>;
}

interface WordPieceModel {
  readonly vocab?: Readonly<Record<string, number>>;
  readonly continuing_subword_prefix?: string;
}

/** The library does the normalising and cutting; start, end and length are ours. */
function tokenizerOf(
  json: object,
  {
    ids,
    size,
    splitsIdeographs,
    warnings,
  }: { ids: ReturnType<typeof specialIds>; size: number; splitsIdeographs: boolean; warnings: readonly string[] },
): Tokenizer {
  const library = new HuggingFaceTokenizer(json, {});
  const { vocab = {}, continuing_subword_prefix: mark = "##" } = (json as { readonly model: WordPieceModel }).model;
  const split = (text: string) => (splitsIdeographs ? text.replace(rareIdeograph, " $& ") : text);
  return {
    kind: "WordPiece",
    vocabularySize: size,
    warnings,
    padId: ids["[PAD]"],
    unknownId: ids["[UNK]"],
    hasWordParts: Object.keys(vocab).some((token) => token.startsWith(mark) && token.length > mark.length + 1),
    pieces(text) {
      const { ids, tokens } = library.encode(split(text), { add_special_tokens: false });
      return tokens.map((token: string, i: number) => {
        const continues = token !== mark && token.startsWith(mark);
        return { id: ids[i]!, text: continues ? token.slice(mark.length) : token, continues };
      });
    },
    encode: (text, { contextLength } = {}) =>
      between(ids["[CLS]"], library.encode(split(text), { add_special_tokens: false }).ids, ids["[SEP]"], contextLength),
  };
}
