import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { ConfigError, WeightsError } from "../errors.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import { wordPieceOf, wordPieceOfJson } from "./wordpiece.ts";

// A vocabulary one can follow by hand: ids are line numbers.
const tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "lung", "##s", "naive", "x", "-", "ray", "肺", "𠀀", "𠀁", "xray"];
const vocab = `${tokens.join("\n")}\n`;

/** The same vocabulary as a model's tokenizer.json, which also asks for padding and truncation. */
const json = {
  version: "1.0",
  truncation: { max_length: 4 },
  padding: { strategy: { Fixed: 9 } },
  added_tokens: tokens.slice(0, 5).map((content, id) => ({ id, content, special: true, normalized: false })),
  normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: null,
  decoder: { type: "WordPiece", prefix: "##" },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
  },
};

describe.each([
  ["vocab.txt", () => wordPieceOf(vocab)],
  ["vocab.txt with CRLF and without a final newline", () => wordPieceOf(tokens.join("\r\n"))],
  ["vocab.txt with a byte order mark", () => wordPieceOf(`\uFEFF${vocab}`)],
  ["tokenizer.json", () => wordPieceOfJson(JSON.stringify(json))],
])("WordPiece of %s", (_, make) => {
  const tokenizer = make();

  test("a sentence is [CLS], the longest known pieces, [SEP]", () => {
    expect(tokenizer.encode("Lungs x-ray").ids).toEqual([2, 5, 6, 8, 9, 10, 3]);
    expect(tokenizer.encode("")).toEqual({ ids: [2, 3], truncated: false });
  });

  test("case and accents do not matter, an unknown word is one [UNK]", () => {
    expect(tokenizer.encode("NAÏVE lungx").ids).toEqual([2, 7, 1, 3]);
  });

  test("special tokens in the text are taken as such, in this spelling alone", () => {
    expect(tokenizer.encode("[MASK] lung").ids).toEqual([2, 4, 5, 3]);
    expect(tokenizer.encode("[mask]").ids).toEqual([2, 1, 1, 1, 3]);
  });

  test("each ideograph is a word, also beyond the 16-bit plane", () => {
    expect(tokenizer.encode("肺肺𠀀𠀁").ids).toEqual([2, 11, 11, 12, 13, 3]);
  });

  test("a long text is cut before the end token, and this is reported", () => {
    expect(tokenizer.encode("lung lung lung lung", { contextLength: 5 })).toEqual({ ids: [2, 5, 5, 5, 3], truncated: true });
    expect(tokenizer.encode("lung lung lung", { contextLength: 5 })).toEqual({ ids: [2, 5, 5, 5, 3], truncated: false });
    expect(tokenizer.encode("lung", { contextLength: 2 })).toEqual({ ids: [2, 3], truncated: true });
  });

  test("a context that cannot hold the two ends is refused", () => {
    expect(() => tokenizer.encode("lung", { contextLength: 1 })).toThrow(ConfigError);
    expect(() => tokenizer.encode("lung", { contextLength: Number.NaN })).toThrow("at least 2");
  });

  test("it knows its size and its padding", () => {
    expect(tokenizer.vocabularySize).toBe(tokens.length);
    expect(tokenizer.padId).toBe(0);
  });
});

test("settings of tokenizer_config.json are followed", () => {
  const cased = wordPieceOf(vocab, { config: { do_lower_case: false, tokenize_chinese_chars: false, model_max_length: 1e30 } });
  expect(cased.encode("Lung lung 肺肺").ids).toEqual([2, 1, 5, 1, 3]);
});

test("a word of 100 characters is still cut, a longer one is [UNK]", () => {
  const tokenizer = wordPieceOf(`${vocab}a\n##a\n`);
  expect(tokenizer.encode("a".repeat(100)).ids).toHaveLength(102);
  expect(tokenizer.encode("a".repeat(101)).ids).toEqual([2, 1, 3]);
});

test("names that every object has are ordinary tokens", () => {
  const tokenizer = wordPieceOf(`${vocab}constructor\n__proto__\n`);
  expect(tokenizer.encode("constructor toString").ids).toEqual([2, 15, 1, 3]);
});

test("a blank line and a word that stands twice give warnings", () => {
  const words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nlung\n";
  expect(wordPieceOf(words).warnings).toEqual([]);
  expect(wordPieceOf(`${words}\nheart\nlung\n`, { source: "vocab.txt" }).warnings).toEqual([
    '"vocab.txt": line 7 has no word. Is it damaged?',
    '"vocab.txt": the word "lung" stands in lines 6 and 9; the last is used. Is it damaged?',
  ]);
});

describe("a vocabulary that cannot be used says what is wrong", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "wordpiece-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    ["empty", "", "is empty"],
    ["blank lines", "\n\n", "is empty"],
    ["foreign", "hello\nworld\n", 'not "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]". Is it the vocab.txt of a BERT model?'],
    ["cut short", "[PAD]\n[UNK]\n[CLS]\nlung\n", 'not "[SEP]", "[MASK]"'],
  ])("%s", (_, text, message) => {
    expect(() => wordPieceOf(text, { source: "models/vocab.txt" })).toThrow(WeightsError);
    expect(() => wordPieceOf(text, { source: "models/vocab.txt" })).toThrow('"models/vocab.txt"');
    expect(() => wordPieceOf(text)).toThrow(message);
  });

  test.each([
    ["not JSON", "{", "is not valid JSON"],
    ["no tokenizer", "{}", "does not describe a tokenizer"],
    ["another kind", JSON.stringify({ ...json, model: { type: "BPE", vocab: {}, merges: [] } }), "describes a BPE tokenizer"],
    ["no ids", JSON.stringify({ ...json, model: { ...json.model, vocab: ["[PAD]"] } }), '"model.vocab" must map each token to its id'],
    ["no special tokens", JSON.stringify({ ...json, added_tokens: [], model: { ...json.model, vocab: { a: 0 } } }), 'not "[PAD]"'],
    ["unknown parts", JSON.stringify({ ...json, pre_tokenizer: { type: "Telepathy" } }), "cannot be built"],
  ])("tokenizer.json: %s", (_, text, message) => {
    expect(() => wordPieceOfJson(text)).toThrow(WeightsError);
    expect(() => wordPieceOfJson(text)).toThrow(message);
  });

  test("a missing file and a folder without a vocabulary name what was expected", async () => {
    await expect(loadTokenizer(join(folder, "nowhere"))).rejects.toThrow(/nowhere" cannot be read .*expected a vocab.txt/);
    await expect(loadTokenizer(folder)).rejects.toThrow(/neither tokenizer.json nor vocab.txt.*models init.*--vocab FILE/);
  });

  test("a compressed vocabulary is read, a picture or a damaged archive under its name is refused", async () => {
    const file = join(folder, "vocab.gz");
    await writeFile(file, gzipSync(vocab));
    expect((await loadTokenizer(file)).encode("lung").ids).toEqual([2, 5, 3]);
    for (const bytes of [gzipSync(vocab).subarray(0, 40), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xff)]) {
      await writeFile(file, bytes);
      await expect(loadTokenizer(file)).rejects.toThrow("cannot be read as UTF-8 text");
    }
  });

  test("a broken tokenizer_config.json is an error, not a default", async () => {
    await writeFile(join(folder, "vocab.txt"), vocab);
    await writeFile(join(folder, "tokenizer_config.json"), '{"do_lower_case": "yes"}');
    await expect(loadTokenizer(join(folder, "vocab.txt"))).rejects.toThrow(/tokenizer_config.json beside .*"do_lower_case" is "yes"/);
    await rm(join(folder, "tokenizer_config.json"));
    expect((await loadTokenizer(folder)).encode("LUNG").ids).toEqual([2, 5, 3]);
  });

  test("tokenizer.json goes before vocab.txt", async () => {
    await writeFile(join(folder, "vocab.txt"), "hello\n");
    await writeFile(join(folder, "tokenizer.json"), JSON.stringify(json));
    expect((await loadTokenizer(folder)).encode("lung").ids).toEqual([2, 5, 3]);
    expect((await loadTokenizer(join(folder, "tokenizer.json"))).encode("lung").ids).toEqual([2, 5, 3]);
  });
});

describeWith(["parity/clip/tokens.json", "data/vocab"], "the reference's WordPiece", () => {
  interface Tokens {
    vocabularies: Record<string, string>;
    cases: { text: string; [vocabulary: string]: number[] | string }[];
  }
  const { vocabularies, cases } = sharedJson<Tokens>("parity/clip/tokens.json");

  // The vocabulary of OpenAI's CLIP is one of byte pairs.
  const wordPieces = Object.keys(vocabularies).filter((name) => name !== "clip");
  test.each(wordPieces)("gives the ids of all sentences with the vocabulary %s", async (name) => {
    const tokenizer = await loadTokenizer(sharedPath(vocabularies[name]!));
    expect(cases.map(({ text }) => ({ text, ids: tokenizer.encode(text).ids }))).toEqual(
      cases.map((c) => ({ text: c.text, ids: c[name] })),
    );
    const lines = (await readFile(sharedPath(vocabularies[name]!), "utf8")).trimEnd().split("\n");
    expect(tokenizer.vocabularySize).toBe(lines.length);
  });

  test.each(["mini", "mini-port"])("the model folder %s is read with its settings", async (folder) => {
    const tokenizer = await loadTokenizer(sharedPath("parity/clip", folder));
    for (const { text, mini } of cases) {
      expect(tokenizer.encode(text).ids).toEqual(mini);
      const cut = tokenizer.encode(text, { contextLength: 77 });
      expect(cut.truncated).toBe(mini!.length > 77);
      expect(cut.ids).toEqual(mini!.length > 77 ? [...(mini as number[]).slice(0, 76), 3] : mini);
    }
  });
});
