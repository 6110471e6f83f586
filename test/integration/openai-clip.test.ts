import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { initModel } from "../../src/hub/init.ts";
import { readSafetensors } from "../../src/tensor/safetensors.ts";
import { runInProcess } from "../support/command-in-process.ts";
import { nanoSam } from "../support/models.ts";
import { writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-openai-clip-"));
const at = (...parts: string[]) => join(folder, ...parts);
const prompt = "a dark round lesion";
let sam: string;

beforeAll(async () => {
  writeFileSync(at("bpe_simple_vocab_16e6.txt"), "#version: 0.2\nl e\ns i\no n</w>\nle si\nlesi on</w>\n");
  const text = { width: 32, depth: 2, heads: 2, positions: 77 };
  const clip = { family: "openai", imageSize: 32, patch: 4, width: 32, depth: 9, heads: 2, embed: 16, text };
  writeFileSync(at("sizes.json"), JSON.stringify({ clip }));
  sam = await nanoSam();
  for (let i = 0; i < 4; i++) await writeDisc(at("images", `${i}.png`), i, 60 + 5 * i, 100 - 2 * i);
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = async (...args: string[]): Promise<string> => {
  const { status, stdout, stderr } = await runInProcess(args);
  expect(status, stderr).toBe(0);
  return stdout + stderr;
};

test("a model of OpenAI's family is made, checked, and runs through all commands that take a CLIP", async () => {
  const made = await run(
    "models",
    "init",
    at("sizes.json"),
    "--seed",
    "3",
    "--vocab",
    at("bpe_simple_vocab_16e6.txt"),
    "--out",
    at("clip"),
  );
  expect(made).not.toContain("--vocab FILE");
  expect(await run("models", "verify", at("clip"))).toMatch(/^OK: .* is a CLIP model \(OpenAI CLIP, Hugging Face names, \d+ tensors\)\n$/);
  expect(await run("models", "show", at("clip"))).toMatch(/causal transformer, width 32, 2 layers, 2 heads, 519 words, context 77/);

  const clip = ["--clip", at("clip")];
  await run("embed", at("images"), ...clip, "--text", prompt, "--text", "lesion", "--out", at("features.safetensors"));
  const { tensors } = await readSafetensors(at("features.safetensors"));
  expect([tensors.get("image_features")!.shape, tensors.get("text_features")!.shape]).toEqual([
    [4, 16],
    [2, 16],
  ]);

  const zeroShot = [at("images"), "--prompt", prompt, ...clip, "--steps", "2", "--samples", "2"];
  await run("saliency", ...zeroShot, "--out", at("maps"));
  await run("segment", ...zeroShot, "--sam", sam, "--out", at("masks"));
  const record = JSON.parse(readFileSync(at("masks", "run.json"), "utf8"));
  expect(Object.keys(record.weights)).toEqual(expect.arrayContaining(["clip", "clipConfig", "clip/bpe_simple_vocab_16e6.txt"]));
  expect(readFileSync(at("masks", "saliency", "0.png"))).toEqual(readFileSync(at("maps", "saliency", "0.png")));

  const rows = Array.from({ length: 4 }, (_, i) => `images/${i}.png,a ${"very ".repeat(6 + i)}dark round lesion of kind ${i}`);
  writeFileSync(at("pairs.csv"), `filename,Caption\n${rows.join("\n")}\n`);
  await run("retrieve", "--pairs", at("pairs.csv"), ...clip, "--json", at("retrieval.json"));
  expect(JSON.parse(readFileSync(at("retrieval.json"), "utf8"))).toMatchObject({ wholeSet: { imageToText: { recall: { 10: 1 } } } });

  await run(
    "finetune",
    "--pairs",
    at("pairs.csv"),
    ...clip,
    "--epochs",
    "1",
    "--batch",
    "2",
    "--validation",
    "0.5",
    "--out",
    at("trained"),
  );
  await run("embed", at("images"), "--clip", at("trained", "model"), "--text", prompt, "--out", at("trained.safetensors"));
});

test("text longer than the context is cut, with a warning", async () => {
  const long = Array.from({ length: 90 }, () => "lesion").join(" ");
  await initModel(at("sizes.json"), at("other"), { seed: 1, vocabulary: at("bpe_simple_vocab_16e6.txt") });
  const told = await run("embed", at("images"), "--clip", at("other"), "--text", long, "--out", at("long.safetensors"));
  expect(told).toContain("longer than 77 tokens and was truncated");
});

test("a vocabulary of the other kind is refused", async () => {
  writeFileSync(at("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nlesion\n");
  const { status, stderr } = await runInProcess(["models", "init", at("sizes.json"), "--vocab", at("vocab.txt"), "--out", at("never")]);
  expect([status, stderr]).toEqual([2, expect.stringContaining("is a vocabulary of WordPiece, but the model needs one of BPE")]);
});
