import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { WeightsError } from "../errors.ts";
import { readJsonIfPresent } from "../files/read-json.ts";
import { type Tokenizer, wordPieceOf, wordPieceOfJson } from "./wordpiece.ts";

/**
 * The tokenizer of a model.
 *
 * @param path - a model folder (`tokenizer.json`, else `vocab.txt` with the `tokenizer_config.json` beside it, if any), or one of these files
 * @throws WeightsError when nothing is there or it is not a WordPiece vocabulary
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const found = await stat(path).catch((cause) => {
    throw new WeightsError(
      `"${path}" cannot be read (${(cause as Error).message}); expected a vocab.txt, a tokenizer.json or a folder with one`,
      {
        cause,
      },
    );
  });
  if (found.isDirectory()) {
    const json = await textIfPresent(join(path, "tokenizer.json"));
    if (json !== null) return await withConfig(wordPieceOfJson, json, join(path, "tokenizer.json"));
    const vocab = await textIfPresent(join(path, "vocab.txt"));
    if (vocab === null)
      throw new WeightsError(
        `"${path}" has neither tokenizer.json nor vocab.txt; copy the model's vocabulary there. A model made by \`medclip-sam models init\` gets one with --vocab FILE.`,
      );
    return await withConfig(wordPieceOf, vocab, join(path, "vocab.txt"));
  }
  const text = await textIfPresent(path);
  if (text === null) throw new WeightsError(`"${path}" is gone`);
  return await withConfig(path.endsWith(".json") ? wordPieceOfJson : wordPieceOf, text, path);
}

/** The files of a model folder that its tokenizer comes from. */
export async function tokenizerFiles(folder: string): Promise<string[]> {
  const names = new Set(await readdir(folder));
  const vocabulary = ["tokenizer.json", "vocab.txt"].find((name) => names.has(name));
  return [vocabulary, "tokenizer_config.json"].filter((name) => name !== undefined && names.has(name)).map((name) => join(folder, name!));
}

/** A vocabulary with the settings of the `tokenizer_config.json` beside it. */
async function withConfig(make: typeof wordPieceOf | typeof wordPieceOfJson, text: string, file: string): Promise<Tokenizer> {
  const configFile = join(dirname(file), "tokenizer_config.json");
  const config = (await readJsonIfPresent(configFile, WeightsError)) ?? {};
  return make(text, { source: file, config });
}

async function textIfPresent(file: string): Promise<string | null> {
  try {
    // Fatal: a gzip archive or a picture under this name must not become a vocabulary of replacement characters.
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new WeightsError(`"${file}" cannot be read as UTF-8 text: ${(cause as Error).message}`, { cause });
  }
}
