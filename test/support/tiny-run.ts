import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import type { RunEvent } from "../../src/run/events.ts";
import { uniform } from "../../src/tensor/random.ts";
import { nanoClip, nanoSam } from "./models.ts";

/** A BERT vocabulary of a few words, filled up to a number of lines where a model has that many. */
export function writeWords(lines = 0): string {
  const file = join(tmpdir(), "medclip-sam-test-models", `vocab-${lines}.txt`);
  const letters = "abcdefghijklmnopqrstuvwxyz".split("");
  const words = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    ...letters,
    ...letters.map((letter) => `##${letter}`),
    "lesion",
    "dark",
    "bright",
  ];
  while (words.length < lines) words.push(`[unused${words.length}]`);
  mkdirSync(dirname(file), { recursive: true });
  // The same small file from every test, written at once, so that no reader sees a part of it.
  if (!existsSync(file)) writeFileSync(file, words.join("\n"));
  return file;
}

/** Minimal models with random weights, with a vocabulary beside the CLIP model. */
export async function nanoModels(): Promise<{ clip: string; sam: string }> {
  return { clip: await nanoClip(writeWords(), 9), sam: await nanoSam() };
}

/** A gray image of a bright disc on noise, as a PNG file. */
export async function writeDisc(file: string, seed: number, width = 96, height = 72): Promise<void> {
  const noise = uniform("disc", seed);
  const data = new Uint8Array(width * height).map((_, i) => {
    const inside = Math.hypot((i % width) - width / 2 - seed, Math.floor(i / width) - height / 2) < height / 4;
    return (inside ? 160 : 40) + 60 * noise.at(i);
  });
  mkdirSync(dirname(file), { recursive: true });
  await sharp(data, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(file);
}

/** Runs a job until it ends. */
export async function collect(events: AsyncGenerator<RunEvent>): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

/** Warnings of a job. */
export const warningsOf = (events: readonly RunEvent[]): string[] =>
  events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
