import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { WeightsError } from "../errors.ts";
import { bytePairOfFiles, bytePairOfJson, bytePairOfMerges } from "./byte-pair.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import { readingOf, readingWarnings } from "./reading.ts";

// 512 tokens of bytes, then one a merge: "lu" 512, "ng</w>" 513, "lung</w>" 514, "x</w>" is a byte; start 515, end 516.
const merges = "#version: 0.2\nl u\nn g</w>\nlu ng</w>\n";

/** The same in two files, as Hugging Face's library has them. */
function vocabulary(): Record<string, number> {
  const seen = Array.from({ length: 256 }, (_, byte) => byte).filter(
    (byte) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173),
  );
  const characters = [...seen, ...Array.from({ length: 256 - seen.length }, (_, i) => 256 + i)].map((code) => String.fromCharCode(code));
  const tokens = [...characters, ...characters.map((character) => `${character}</w>`), "lu", "ng</w>", "lung</w>"];
  return Object.fromEntries([...tokens, "<|startoftext|>", "<|endoftext|>"].map((token, id) => [token, id]));
}

const json = {
  added_tokens: [
    { id: 515, content: "<|startoftext|>", special: true, normalized: false },
    { id: 516, content: "<|endoftext|>", special: true, normalized: false },
  ],
  normalizer: { type: "Lowercase" },
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
  post_processor: { type: "RobertaProcessing", cls: ["<|startoftext|>", 515], sep: ["<|endoftext|>", 516] },
  model: { type: "BPE", end_of_word_suffix: "</w>", vocab: vocabulary(), merges: ["l u", "n g</w>", "lu ng</w>"] },
};

describe.each([
  ["a list of merges", () => bytePairOfMerges(merges)],
  ["vocab.json and merges.txt", () => bytePairOfFiles(JSON.stringify(vocabulary()), merges)],
  ["tokenizer.json", () => bytePairOfJson(JSON.stringify(json))],
])("byte pairs of %s", (_, make) => {
  const tokenizer = make();

  test("a sentence is the start, bytes merged in the order of the list, the end", () => {
    expect(tokenizer.encode("Lung").ids).toEqual([515, 514, 516]);
    expect(tokenizer.encode("")).toEqual({ ids: [515, 516], truncated: false });
    expect([tokenizer.kind, tokenizer.vocabularySize, tokenizer.padId]).toEqual(["BPE", 517, 516]);
  });

  test("pieces tell which of them continue a word", () => {
    expect(tokenizer.pieces("lulung").map(({ text, continues }) => [text, continues])).toEqual([
      ["lu", false],
      ["lung", true],
    ]);
  });
});

test("a Greek capital sigma becomes the same letter wherever it stands", () => {
  const { encode } = bytePairOfMerges(merges);
  expect(encode("ΑΣ").ids).toEqual(encode("ασ").ids);
});

test("a long text is cut before the end token, and the reading says what the model does not see", () => {
  const tokenizer = bytePairOfMerges(merges);
  expect(tokenizer.encode("lung lung lung", { contextLength: 4 })).toEqual({ ids: [515, 514, 514, 516], truncated: true });
  const reading = readingOf("lung lung lung", tokenizer, 4);
  expect(reading).toEqual({ unknown: [], spelled: [], cut: "lung", saysSomething: true });
  expect(readingOf("lung 肺 🫁", tokenizer, 77).unknown).toEqual([]);
  expect(readingWarnings(["lung lung lung"], tokenizer, 4)).toEqual([expect.stringContaining('does not see "lung"')]);
});

test.each<[string, () => unknown, string]>([
  ["an empty list", () => bytePairOfMerges("#version: 0.2\n"), "it is empty"],
  ["a list of words", () => bytePairOfMerges("#version: 0.2\nl u\nlung\n"), '"lung" is no pair'],
  ["files of two models", () => bytePairOfFiles(JSON.stringify(vocabulary()), `${merges}q q\n`), 'no token for the merge "q q"'],
  ["a vocabulary without an end", () => bytePairOfFiles('{"l": 0, "u": 1, "lu": 2}', "l u\n"), 'not "<|startoftext|>", "<|endoftext|>"'],
  [
    "GPT-2's kind",
    () => bytePairOfJson(JSON.stringify({ ...json, model: { ...json.model, end_of_word_suffix: null } })),
    "of another kind",
  ],
  ["no JSON", () => bytePairOfJson("{"), "is not valid JSON"],
])("%s is refused", (_, make, message) => {
  expect(make).toThrow(WeightsError);
  expect(make).toThrow(message);
});

describe("a folder", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "byte-pair-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each<[string, Record<string, string | Uint8Array>]>([
    ["tokenizer.json", { "tokenizer.json": JSON.stringify(json) }],
    ["vocab.json and merges.txt", { "vocab.json": JSON.stringify(vocabulary()), "merges.txt": merges }],
    ["bpe_simple_vocab_16e6.txt.gz", { "bpe_simple_vocab_16e6.txt.gz": gzipSync(merges) }],
    ["clip_bpe_simple_vocab_16e6.txt", { "clip_bpe_simple_vocab_16e6.txt": merges }],
  ])("with %s is read", async (_, files) => {
    const model = await mkdtemp(join(folder, "model-"));
    for (const [name, content] of Object.entries(files)) await writeFile(join(model, name), content);
    expect((await loadTokenizer(model)).encode("lung").ids).toEqual([515, 514, 516]);
    expect((await loadTokenizer(join(model, Object.keys(files).at(-1)!))).encode("lung").ids).toEqual([515, 514, 516]);
  });

  test("with a tokenizer_config.json of CLIP is read without warnings", async () => {
    const special = (content: string) => ({
      content,
      lstrip: false,
      normalized: true,
      rstrip: false,
      single_word: false,
      __type: "AddedToken",
    });
    const config = {
      ...{ unk_token: special("<|endoftext|>"), bos_token: special("<|startoftext|>"), eos_token: special("<|endoftext|>") },
      ...{ pad_token: "<|endoftext|>", add_prefix_space: false, errors: "replace", do_lower_case: true, model_max_length: 77 },
      ...{ name_or_path: "openai/clip-vit-base-patch16", tokenizer_class: "CLIPTokenizer" },
    };
    expect(bytePairOfMerges(merges, { config }).warnings).toEqual([]);
    expect(() => bytePairOfMerges(merges, { config: { ...config, do_lower_case: false } })).toThrow('"do_lower_case" is false');
  });
});

describeWith(["parity/clip/tokens.json", "data/vocab"], "the reference's byte pairs", () => {
  interface Tokens {
    vocabularies: { clip: string };
    cases: { text: string; clip: number[] }[];
  }
  const { vocabularies, cases } = sharedJson<Tokens>("parity/clip/tokens.json");
  const file = sharedPath(vocabularies.clip);

  test("give the ids of all sentences, cut to the context too", async () => {
    const tokenizer = await loadTokenizer(file);
    expect(tokenizer.vocabularySize).toBe(49408);
    for (const { text, clip } of cases) {
      expect({ text, ids: tokenizer.encode(text).ids }).toEqual({ text, ids: clip });
      const cut = tokenizer.encode(text, { contextLength: 77 });
      expect(cut).toEqual({ ids: clip.length > 77 ? [...clip.slice(0, 76), 49407] : clip, truncated: clip.length > 77 });
    }
  });

  test("read sentences of the field without warnings, and a word of bare letters with one", async () => {
    const tokenizer = bytePairOfMerges(gunzipSync(await readFile(file)).toString());
    const warningsOf = (text: string) => readingWarnings([text], tokenizer, 77);
    for (const text of ["A chest X-ray showing the lungs", "It's a T2-weighted MRI of a glioma", "Pneumothorax in the left hemithorax"])
      expect(warningsOf(text)).toEqual([]);
    expect(warningsOf("a scan of a xqzj")).toEqual(expect.arrayContaining([expect.stringContaining('letter by letter: "xqzj"')]));
  });
});
