import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { z } from "zod";
import { WeightsError } from "../errors.ts";
import { parseJson } from "../files/json.ts";
import { between } from "./_between.ts";
import { bytePairTable, checkAdded, readTokenizerConfig, type TokenizerConfig } from "./_tokenizer-config.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The start and the end token, the last two of the vocabulary. */
const specialTokens = ["<|startoftext|>", "<|endoftext|>"] as const;
type SpecialIds = Readonly<Record<(typeof specialTokens)[number], number>>;

/** What ends the last piece of a word. */
const wordEnd = "</w>";

/** Merges of the published vocabulary: 49,408 tokens less 256 bytes, the same at the end of a word, and the start and end token. */
const mostMerges = 49408 - 2 * 256 - 2;

/** Words and signs of a text, in Hugging Face's notation: contractions, letters, single digits, other signs. */
const words = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

/** The character that stands for each byte in a vocabulary: itself where it can be seen, else one of those from 256 on. */
const characterOf: readonly string[] = (() => {
  let hidden = 256;
  const isSeen = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isSeen(byte) ? byte : hidden++));
})();
const byteOf = new Map(characterOf.map((character, byte) => [character, byte]));

/** What a tokenizer of byte pairs is made of. */
interface Source {
  /** Names the file in errors. */
  readonly source?: string;
  /** The content of `tokenizer_config.json`. */
  readonly config?: unknown;
}

/**
 * CLIP's byte-pair tokenizer from its list of merges alone: the content of `bpe_simple_vocab_16e6.txt`, of which the usual part is used, or
 * of a shorter one. The vocabulary follows from it: bytes, bytes at the end of a word, the merges in their order, start and end.
 *
 * @throws WeightsError when there are no merges
 */
export function bytePairOfMerges(text: string, options: Source = {}): Tokenizer {
  const merges = mergesIn(text, options.source ?? "merges").slice(0, mostMerges);
  // Characters in the order of what they stand for: those that are seen first.
  const bytes = [...characterOf.filter((character, byte) => character.charCodeAt(0) === byte), ...characterOf.filter(isReplaced)];
  const tokens = [...bytes, ...bytes.map((character) => character + wordEnd), ...merges.map((pair) => pair.join("")), ...specialTokens];
  return bytePairOf(Object.fromEntries(tokens.map((token, id) => [token, id])), merges, options);
}

const isReplaced = (character: string, byte: number): boolean => character.charCodeAt(0) !== byte;

/**
 * CLIP's byte-pair tokenizer from `vocab.json` and `merges.txt`.
 *
 * @throws WeightsError when one of them is not what it should be, or they do not belong together
 */
export function bytePairOfFiles(vocabulary: string, merges: string, options: Source = {}): Tokenizer {
  const { source = "vocab.json" } = options;
  const parsed = Vocabulary.safeParse(parseJson(vocabulary, source, WeightsError));
  if (!parsed.success) throw new WeightsError(`"${source}" must map each token to its id`);
  return bytePairOf(parsed.data, mergesIn(merges, `the merges beside "${source}"`), options);
}

/** The pairs of a list of merges, one a line after a first line with the version. */
function mergesIn(text: string, source: string): [string, string][] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const pairs = lines.slice(lines[0]?.includes("#version") ? 1 : 0).filter((line) => line !== "");
  const wrong = pairs.findIndex((line) => line.split(" ").length !== 2);
  if (pairs.length === 0 || wrong >= 0) {
    throw new WeightsError(
      `"${source}" is not a list of byte pairs: ${pairs.length === 0 ? "it is empty" : `"${pairs[wrong]!.slice(0, 40)}" is no pair`}.`,
    );
  }
  return pairs.map((line) => line.split(" ") as [string, string]);
}

const Vocabulary = z.record(z.string(), z.int().nonnegative());

const TokenizerJson = z.looseObject({
  normalizer: z.looseObject({ type: z.string() }).nullish(),
  pre_tokenizer: z.looseObject({ type: z.string() }).nullish(),
  added_tokens: z.array(z.looseObject({ id: z.int().nonnegative(), content: z.string() })).default([]),
  model: z.looseObject({ type: z.string(), end_of_word_suffix: z.string().nullish(), vocab: Vocabulary, merges: z.array(z.unknown()) }),
});

/**
 * The byte-pair tokenizer that a `tokenizer.json` describes. Its padding, truncation and template are not used: a sentence is the start
 * token, its pieces, the end token.
 *
 * @throws WeightsError when it is not JSON, describes another kind of tokenizer, or lacks a special token
 */
export function bytePairOfJson(json: string, options: Source = {}): Tokenizer {
  const { source = "tokenizer.json" } = options;
  const parsed = TokenizerJson.safeParse(parseJson(json, source, WeightsError));
  if (!parsed.success) throw new WeightsError(`"${source}" does not describe a tokenizer of byte pairs: ${z.prettifyError(parsed.error)}`);
  const { model, added_tokens } = parsed.data;
  if (model.type !== "BPE" || model.end_of_word_suffix !== wordEnd) {
    throw new WeightsError(
      `"${source}" describes a ${model.type} tokenizer of another kind, expected CLIP's: BPE with "${wordEnd}" at the end of words`,
    );
  }
  const all = { ...model.vocab, ...Object.fromEntries(added_tokens.map(({ content, id }) => [content, id])) };
  try {
    return tokenizerOf({ ...parsed.data, post_processor: null, decoder: null }, all, options, source);
  } catch (cause) {
    if (cause instanceof WeightsError) throw cause;
    throw new WeightsError(`"${source}" describes a tokenizer that cannot be built: ${(cause as Error).message}`, { cause });
  }
}

function bytePairOf(vocabulary: Readonly<Record<string, number>>, merges: readonly [string, string][], options: Source): Tokenizer {
  const { source = "vocab.json" } = options;
  const unknown = merges.find((pair) => !Object.hasOwn(vocabulary, pair.join("")));
  if (unknown)
    throw new WeightsError(`"${source}" has no token for the merge "${unknown.join(" ")}": the files belong to different models.`);
  const json = {
    added_tokens: specialTokens.map((content) => ({ id: vocabulary[content], content, normalized: false, special: true })),
    normalizer: {
      type: "Sequence",
      normalizers: [{ type: "NFC" }, { type: "Replace", pattern: { Regex: "\\s+" }, content: " " }, { type: "Lowercase" }],
    },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: words }, behavior: "Removed", invert: true },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
      ],
    },
    post_processor: null,
    decoder: null,
    model: {
      type: "BPE",
      unk_token: specialTokens[1],
      continuing_subword_prefix: "",
      end_of_word_suffix: wordEnd,
      vocab: vocabulary,
      merges,
    },
  };
  return tokenizerOf(json, vocabulary, options, source);
}

/** The library does the normalising and merging; start, end and length are ours. */
function tokenizerOf(json: object, vocabulary: Readonly<Record<string, number>>, { config: given }: Source, source: string): Tokenizer {
  const config: TokenizerConfig = readTokenizerConfig(given ?? {}, bytePairTable, source);
  const ids = specialIds(vocabulary, source);
  checkAdded(config, vocabulary, source);
  const library = new HuggingFaceTokenizer(json, {});
  const encode = (text: string) => library.encode(withPlainSigma(text), { add_special_tokens: false });
  return {
    kind: "BPE",
    vocabularySize: Object.values(vocabulary).reduce((largest, id) => Math.max(largest, id), 0) + 1,
    warnings: config.warnings,
    padId: ids["<|endoftext|>"],
    hasWordParts: true,
    pieces(text) {
      const { ids, tokens } = encode(text);
      return tokens.map((token: string, i: number) => {
        const continues = i > 0 && !tokens[i - 1]!.endsWith(wordEnd) && !isSpecial(tokens[i - 1]!);
        return { id: ids[i]!, text: textOf(token), continues };
      });
    },
    encode: (text, { contextLength } = {}) => between(ids["<|startoftext|>"], encode(text).ids, ids["<|endoftext|>"], contextLength),
  };
}

/** The reference lowers each letter by itself, JavaScript a Greek Σ at the end of a word to ς. */
const withPlainSigma = (text: string): string => text.replaceAll("Σ", "σ");

const isSpecial = (token: string): boolean => (specialTokens as readonly string[]).includes(token);

/** The text of a token; bytes that are part of a character become a replacement character. */
function textOf(token: string): string {
  if (isSpecial(token)) return token;
  const whole = token.endsWith(wordEnd) ? token.slice(0, -wordEnd.length) : token;
  return new TextDecoder().decode(Uint8Array.from(whole, (character) => byteOf.get(character) ?? 0));
}

/** The id of the start and the end token. */
function specialIds(vocabulary: Readonly<Record<string, number>>, source: string): SpecialIds {
  const missing = specialTokens.filter((token) => !Object.hasOwn(vocabulary, token));
  if (missing.length > 0) {
    throw new WeightsError(
      `"${source}" has ${Object.keys(vocabulary).length} tokens but not ${missing.map((token) => `"${token}"`).join(", ")}. Is it the vocabulary of a CLIP model?`,
    );
  }
  return Object.fromEntries(specialTokens.map((token) => [token, vocabulary[token]!])) as SpecialIds;
}
