import { randomUUID } from "node:crypto";
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readdirSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { initModel } from "../../src/hub/init.ts";
import type { Purpose } from "../../src/hub/random-weights.ts";
import { readSafetensors, writeSafetensors } from "../../src/tensor/safetensors.ts";

/** Models for tests have random weights, but do not say so: they stand for trained ones, whose results bear no notice. */
const modelsFolder = join(tmpdir(), "medclip-sam-test-models", "as-trained");

/** A folder with a preset's recipe weights, made once per machine; `vocabulary` is put beside a CLIP model. */
export async function randomModel(preset: string, vocabulary?: string, seed = 1): Promise<string> {
  const name = [preset, ...(vocabulary ? [parse(vocabulary).name] : []), ...(seed === 1 ? [] : [`seed-${seed}`])].join("-");
  const folder = join(modelsFolder, name);
  return await madeOnce(folder, (partial) => initModel(preset, partial, { seed, ...(vocabulary && { vocabulary }) }));
}

/** 2 blocks, 32 x 32 pixels in 8 x 8 patches: behaves like a large CLIP, in milliseconds. */
const nanoClipSizes = {
  ...{ imageSize: 32, patch: 4, width: 32, heads: 2, mlpWidth: 64, embed: 16 },
  text: { width: 32, depth: 2, heads: 2, mlpWidth: 64, positions: 64 },
};

/**
 * A folder with a minimal CLIP model with random weights for training; it has as many words as `vocabulary` has lines.
 *
 * @param depth - blocks of the image tower; with 9 there is the block 7 at which saliency methods look by default
 */
export async function nanoClip(vocabulary?: string, depth = 2): Promise<string> {
  const name = ["clip-nano", depth, ...(vocabulary ? [parse(vocabulary).name] : [])].join("-");
  const sizes = { clip: { ...nanoClipSizes, depth } };
  return await madeOnce(join(modelsFolder, name), (partial) => initSized(sizes, partial, vocabulary));
}

/** The same of OpenAI's family: quick-GELU, a normalisation before the blocks, a causal text tower that reads the end token. */
export async function nanoOpenAiClip(vocabulary?: string, depth = 2): Promise<string> {
  const name = ["openai-nano", depth, ...(vocabulary ? [parse(vocabulary).name] : [])].join("-");
  const text = { ...nanoClipSizes.text, positions: 77, vocabulary: 300 };
  const sizes = { clip: { family: "openai", ...nanoClipSizes, depth, text } };
  return await madeOnce(join(modelsFolder, name), (partial) => initSized(sizes, partial, vocabulary, "comparison"));
}

/** The same with a convolutional branch that gives 16 x 16 features. */
export const nanoDenseSizes = { ...nanoClipSizes, depth: 2, dense: { channels: [8, 16], stride: 2 } };

/** A folder with a model of these sizes. */
export async function nanoDenseClip(vocabulary?: string): Promise<string> {
  const name = ["clip-nano-dense", ...(vocabulary ? [parse(vocabulary).name] : [])].join("-");
  return await madeOnce(join(tmpdir(), "medclip-sam-test-models", name), (partial) =>
    initSized({ clip: nanoDenseSizes }, partial, vocabulary),
  );
}

/** 2 blocks, 64 x 64 pixels. */
const nanoSamSizes = {
  ...{ imageSize: 64, patch: 8, width: 32, depth: 2, heads: 4, globalBlocks: [1], window: 3, outChannels: 32 },
  decoder: { innerWidth: 16, mlpWidth: 64, iouWidth: 32 },
};

/** A folder with a minimal SAM model with random weights for training. */
export async function nanoSam(): Promise<string> {
  return await madeOnce(join(modelsFolder, "sam-nano"), (partial) => initSized({ sam: nanoSamSizes }, partial));
}

/** The same for the variants of SAM: MedSAM, and SAM-Med2D with adapters. */
export async function nanoVariant(variant: "medsam" | "sam-med2d"): Promise<string> {
  const sizes = { ...nanoSamSizes, variant, ...(variant === "sam-med2d" && { adapterWidth: 8 }) };
  return await madeOnce(join(modelsFolder, `${variant}-nano`), (partial) => initSized({ sam: sizes }, partial));
}

/** A folder with a file that holds a model twice: as it is, and as its running average. @returns the file */
export async function twoModels(model: string, folder: string): Promise<string> {
  cpSync(model, folder, { recursive: true });
  const name = readdirSync(model).find((file) => file.endsWith(".safetensors"))!;
  const { tensors } = await readSafetensors(join(model, name));
  const both = [...tensors].flatMap(([key, value]) => ["model.", "model_ema.module."].map((prefix) => [`${prefix}${key}`, value]));
  const file = join(folder, name);
  rmSync(file);
  await writeSafetensors(file, Object.fromEntries(both));
  return file;
}

async function initSized(sizes: object, folder: string, vocabulary?: string, purpose: Purpose = "training"): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "sizes.json");
  writeFileSync(file, JSON.stringify(sizes));
  await initModel(file, folder, { seed: 1, purpose, vocabulary });
}

/** Test files run in parallel, so a model is moved into place when it is complete. */
async function madeOnce(folder: string, make: (partial: string) => Promise<unknown>): Promise<string> {
  if (existsSync(folder)) return folder;
  const partial = `${folder}.${randomUUID()}`;
  await make(partial);
  for (const name of readdirSync(partial)) if (name.endsWith(".safetensors")) passAsTrained(join(partial, name));
  await rename(partial, folder).catch(() => rm(partial, { recursive: true }));
  return folder;
}

/** Takes the statement that weights are random from a file of any size: in place, as the length of a header is part of the format. */
function passAsTrained(file: string): void {
  const handle = openSync(file, "r+");
  try {
    const said = Buffer.from('"weights":"random, ');
    const header = Buffer.alloc(1 << 16);
    readSync(handle, header, 0, header.length, 0);
    const at = header.indexOf(said);
    if (at < 0) throw new Error(`"${file}" does not say that its weights are random`);
    writeSync(handle, Buffer.from('"weights":"tests,  '), 0, said.length, at);
  } finally {
    closeSync(handle);
  }
}
