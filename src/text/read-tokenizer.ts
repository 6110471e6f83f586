import { gunzipped } from "#gzip";
import { WeightsError } from "../errors.ts";
import { parseJson } from "../files/json.ts";
import { bytePairOfJson, bytePairOfMerges } from "./byte-pair.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { wordPieceOf, wordPieceOfJson } from "./wordpiece.ts";

/**
 * The text of a file of a tokenizer, which may be compressed with gzip.
 *
 * @throws WeightsError when it is no text: an archive or a picture must not become a vocabulary of replacement characters
 */
export async function tokenizerText(bytes: Uint8Array, source: string): Promise<string> {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return decoder.decode(bytes);
    let text = "";
    for await (const part of gunzipped(bytes)) text += decoder.decode(part, { stream: true });
    return text + decoder.decode();
  } catch (cause) {
    throw new WeightsError(`"${source}" cannot be read as UTF-8 text: ${(cause as Error).message}`, { cause });
  }
}

/**
 * The tokenizer that one file describes, recognised by its content: a `tokenizer.json`, a `vocab.txt`, or a list of merges such as
 * `bpe_simple_vocab_16e6.txt`.
 *
 * @param options.source - names the file in errors
 * @param options.config - the content of the `tokenizer_config.json` beside it
 * @throws WeightsError when it describes no tokenizer that a CLIP model has
 */
export function tokenizerOfText(text: string, options: { readonly source: string; readonly config?: unknown }): Tokenizer {
  if (text.trimStart().startsWith("{"))
    return isBytePairs(parseJson(text, options.source, WeightsError)) ? bytePairOfJson(text, options) : wordPieceOfJson(text, options);
  // OpenAI's list begins with its own name before the version.
  return text.slice(0, 200).split("\n")[0]!.includes("#version") ? bytePairOfMerges(text, options) : wordPieceOf(text, options);
}

/** Whether a `tokenizer.json` describes byte pairs. */
function isBytePairs(json: unknown): boolean {
  return (json as { readonly model?: { readonly type?: unknown } } | null)?.model?.type === "BPE";
}
