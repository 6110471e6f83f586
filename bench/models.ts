import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initModel } from "../src/hub/init.ts";
import { clipPresets } from "../src/models/clip/index.ts";

const specialWords = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/** A folder with full-size random weights, made once per machine; a CLIP model gets a vocabulary of its size. */
export async function benchModel(preset: string): Promise<string> {
  const folder = join(tmpdir(), "medclip-sam-bench-models", preset);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  const clip = clipPresets[preset];
  const vocabulary = join(partial, "words.txt");
  if (clip) await writeFile(vocabulary, `${vocabularyOf(clip.text.vocabulary).join("\n")}\n`);
  await initModel(preset, partial, { seed: 1, ...(clip && { vocabulary }) });
  await rename(partial, folder).catch(() => rm(partial, { recursive: true }));
  return folder;
}

/** Special words, then w5, w6, ... */
function vocabularyOf(size: number): string[] {
  return Array.from({ length: size }, (_, i) => specialWords[i] ?? `w${i}`);
}

/** A new sentence with this number of tokens, including the two special ones. */
export function sentence(tokens: number, run: number): string {
  return Array.from({ length: tokens - 2 }, (_, i) => `w${1000 + ((run * 97 + i * 13) % 20_000)}`).join(" ");
}
