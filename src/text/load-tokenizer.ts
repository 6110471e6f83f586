import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { WeightsError } from "../errors.ts";
import { readJsonIfPresent } from "../files/read-json.ts";
import { bytePairOfFiles } from "./byte-pair.ts";
import { tokenizerOfText, tokenizerText } from "./read-tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** CLIP's vocabulary in two files. */
const pair = ["vocab.json", "merges.txt"] as const;

/** Names under which a model folder holds its vocabulary, the first that is complete is used. OpenAI's list of merges has several spellings. */
const choices: readonly (readonly (string | RegExp)[])[] = [
  ["tokenizer.json"],
  pair,
  ["vocab.txt"],
  [/bpe_simple_vocab.*\.txt(\.gz)?$/],
  ["merges.txt"],
];

/**
 * The tokenizer of a model.
 *
 * @param path - a model folder (`tokenizer.json`, else `vocab.json` with `merges.txt`, else `vocab.txt`, else `bpe_simple_vocab_16e6.txt.gz`, with
 *   the `tokenizer_config.json` beside it, if any), or one of these files
 * @throws WeightsError when nothing is there or it is no vocabulary that a CLIP model has
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const found = await stat(path).catch((cause) => {
    throw new WeightsError(
      `"${path}" cannot be read (${(cause as Error).message}); expected a vocab.txt, a tokenizer.json or a folder with one`,
      { cause },
    );
  });
  const files = found.isDirectory() ? await vocabularyFiles(path) : await withPartner(path);
  const [file, merges] = files;
  if (file === undefined) {
    throw new WeightsError(
      `"${path}" has neither tokenizer.json nor vocab.txt, vocab.json with merges.txt or bpe_simple_vocab_16e6.txt.gz; copy the model's vocabulary there. A model made by \`medclip-sam models init\` gets one with --vocab FILE.`,
    );
  }
  const config = (await readJsonIfPresent(join(dirname(file), "tokenizer_config.json"), WeightsError)) ?? {};
  const text = await textOf(file);
  const options = { source: file, config };
  return merges === undefined ? tokenizerOfText(text, options) : bytePairOfFiles(text, await textOf(merges), options);
}

/** The files of a model folder that its tokenizer comes from. */
export async function tokenizerFiles(folder: string): Promise<string[]> {
  const config = (await readdir(folder)).filter((name) => name === "tokenizer_config.json");
  return [...(await vocabularyFiles(folder)), ...config.map((name) => join(folder, name))];
}

/** The files of the vocabulary in a folder; none where there is no vocabulary. */
async function vocabularyFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  for (const choice of choices) {
    const found = choice.map((wanted) => names.find((name) => (typeof wanted === "string" ? name === wanted : wanted.test(name))));
    if (found.every((name) => name !== undefined)) return found.map((name) => join(folder, name!));
  }
  return [];
}

/** A file, and the other one where two belong together. */
async function withPartner(file: string): Promise<string[]> {
  if (!(pair as readonly string[]).includes(basename(file))) return [file];
  const both = pair.map((name) => join(dirname(file), name));
  const names = await readdir(dirname(file));
  return pair.every((name) => names.includes(name)) ? both : [file];
}

async function textOf(file: string): Promise<string> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new WeightsError(`"${file}" cannot be read (${cause.code})`, { cause });
  });
  return await tokenizerText(bytes, file);
}
