import { type EntryRule, type EntryTable, flag, neutrals, only, readEntries, warned } from "../check/config-entries.ts";
import { ConfigError, WeightsError } from "../errors.ts";

/** The entries of `tokenizer_config.json` that are followed. */
export interface TokenizerConfig {
  readonly lowerCase?: boolean;
  /** As `lowerCase` where it is not given. */
  readonly stripAccents?: boolean;
  /** Every ideograph is a word. */
  readonly splitIdeographs?: boolean;
  readonly added?: Readonly<Record<string, { readonly content?: unknown }>>;
  readonly warnings: readonly string[];
}

/** A special token goes by its usual name, given as text or as an object. */
const named = (name: string): EntryRule => ({
  kind: "followed",
  as: name,
  read: (value) => ((value as { content?: unknown }).content ?? value) === name || undefined,
  expected: `"${name}"`,
});

/** Entries that every tokenizer of Hugging Face's library may have. */
const shared: EntryTable = {
  ...neutrals(
    ..."model_max_length padding_side name_or_path special_tokens_map_file tokenizer_file clean_up_tokenization_spaces processor_class auto_map model_input_names max_length stride truncation_strategy pad_to_multiple_of pad_token_type_id padding backend is_local model_type max_len init_inputs".split(
      " ",
    ),
  ),
  additional_special_tokens: warned([]),
  split_special_tokens: warned(false),
  truncation_side: warned("right"),
  added_tokens_decoder: { kind: "followed", as: "added", read: (value) => value, expected: "tokens by their id" },
};

/** Entries of BERT's tokenizers. */
export const wordPieceTable: EntryTable = {
  ...shared,
  do_lower_case: flag("lowerCase"),
  strip_accents: flag("stripAccents"),
  tokenize_chinese_chars: flag("splitIdeographs"),
  do_basic_tokenize: only(true),
  wordpieces_prefix: only("##"),
  never_split: warned([]),
  tokenizer_class: warned("BertTokenizer", "BertTokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend"),
  pad_token: named("[PAD]"),
  unk_token: named("[UNK]"),
  cls_token: named("[CLS]"),
  sep_token: named("[SEP]"),
  mask_token: named("[MASK]"),
};

/** Entries of CLIP's tokenizers. Texts are never padded here, and no bytes are unknown. */
export const bytePairTable: EntryTable = {
  ...shared,
  ...neutrals("errors", "add_bos_token", "pad_token", "unk_token"),
  do_lower_case: only(true),
  add_prefix_space: only(false),
  tokenizer_class: warned("CLIPTokenizer", "CLIPTokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend"),
  bos_token: named("<|startoftext|>"),
  eos_token: named("<|endoftext|>"),
};

/**
 * @param table - of the kind of tokenizer
 * @param source - the vocabulary beside it, for messages
 * @throws WeightsError when an entry cannot be followed
 */
export function readTokenizerConfig(json: unknown, table: EntryTable, source: string): TokenizerConfig {
  const where = `tokenizer_config.json beside "${source}"`;
  try {
    const { followed, warnings } = readEntries(json, table);
    return { ...followed, warnings: warnings.map((warning) => `${where}: ${warning}`) };
  } catch (cause) {
    if (cause instanceof ConfigError) throw new WeightsError(`${where} is not usable: ${cause.message}`, { cause });
    throw cause;
  }
}

/** @throws WeightsError when the configuration puts a token at another id than the vocabulary */
export function checkAdded({ added = {} }: TokenizerConfig, vocabulary: Readonly<Record<string, number>>, source: string): void {
  for (const [id, { content }] of Object.entries(added)) {
    const own = typeof content === "string" && Object.hasOwn(vocabulary, content) ? vocabulary[content] : undefined;
    if (own !== Number(id)) {
      throw new WeightsError(
        `tokenizer_config.json puts the token ${JSON.stringify(content)} at ${id}, but "${source}" ${own === undefined ? "does not have it" : `has it at ${own}`}. They belong to different models.`,
      );
    }
  }
}
