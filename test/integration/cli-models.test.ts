import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/tensor/safetensors.ts";
import { builtCommand } from "../support/build.ts";
import { runCommand } from "../support/command.ts";
import { runInProcess } from "../support/command-in-process.ts";
import { randomModel } from "../support/models.ts";
import { describeWith, sharedPath } from "../support/shared-data.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-models-"));
const at = (...parts: string[]) => join(folder, ...parts);
beforeAll(builtCommand);
afterAll(() => rmSync(folder, { recursive: true }));

const environment = { XDG_CACHE_HOME: at("cache") };
const models = (...args: string[]) => runInProcess(["models", ...args], environment);

describe("models init", () => {
  test("writes a model that verify accepts, the same for the same seed", async () => {
    for (const [out, run] of [
      ["one", runCommand],
      ["two", runInProcess],
    ] as const) {
      const { status, stdout, stderr } = await run(["models", "init", "biomedclip-tiny", "--seed", "3", "--out", at(out)], environment);
      expect(status, stderr).toBe(0);
      expect(stdout).toContain("These weights are random (seed 3)");
      expect(stdout).toContain("pass --vocab FILE");
    }
    const [one, two] = ["one", "two"].map((out) => readFileSync(at(out, "open_clip_model.safetensors")));
    expect(one!.equals(two!)).toBe(true);
    const { status, stdout } = await models("verify", at("one"));
    expect(stdout).toMatch(/^OK: /);
    expect(stdout).toContain("note: text prompts cannot be tokenised");
    expect(stdout).toContain("--vocab FILE");
    expect(status).toBe(0);
  });
});

describe("models list", () => {
  test("lists the included pack and the published models with their location", async () => {
    const { status, stdout } = await models("list");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^biomedclip .*microsoft\/BiomedCLIP/m);
    expect(stdout).toMatch(/^sam-vit-h /m);
    expect(stdout).toMatch(/^starter .*research use only.*packs.starter$/m);
    expect(stdout).toMatch(/^phantom .*demonstration model.*packs.phantom$/m);
  });
});

describe("models show and verify", () => {
  test("SAM", async () => {
    const sam = await randomModel("sam-tiny");
    const { status, stdout } = await models("show", sam);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^kind +SAM$/m);
    expect(stdout).toMatch(/^tensors +202 \(202 float32\)$/m);
    expect(stdout).toContain("width 64, 4 blocks (global: 1, 3), 4 heads");
    expect((await models("verify", join(sam, "model.safetensors"))).status).toBe(0);
  });

  test("of a pack both models, by its name or its folder", async () => {
    const folder = join(import.meta.dirname, "../../packs/phantom");
    for (const pack of ["phantom", folder]) {
      const { status, stdout } = await models("show", pack);
      expect(status).toBe(0);
      expect(stdout.match(/^kind .*/gm)).toEqual([expect.stringContaining("CLIP"), expect.stringContaining("SAM")]);
    }
    const { status, stdout } = await models("verify", "phantom");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^OK: .*CLIP[\s\S]*^OK: .*SAM/m);
  });

  test("a pack with one damaged model is not sound", async () => {
    cpSync(join(import.meta.dirname, "../../packs/phantom"), at("pack"), { recursive: true });
    const file = at("pack", "sam", "model.safetensors");
    const { tensors } = await readSafetensors(file);
    tensors.delete("mask_decoder.iou_token.weight");
    await writeSafetensors(file, Object.fromEntries(tensors));
    const { status, stdout } = await models("verify", at("pack"));
    expect(status).toBe(3);
    expect(stdout).toMatch(/^OK: .*CLIP/m);
    expect(stdout).toContain('missing: "mask_decoder.iou_token.weight"');
  });

  test("values that are not finite are found", async () => {
    const sam = await randomModel("sam-tiny");
    const { tensors } = await readSafetensors(join(sam, "model.safetensors"));
    const name = "mask_decoder.iou_token.weight";
    const { data } = tensors.get(name)!;
    (data as Float32Array)[5] = Number.NaN;
    (data as Float32Array)[6] = Number.POSITIVE_INFINITY;
    mkdirSync(at("nan"), { recursive: true });
    await writeSafetensors(at("nan", "model.safetensors"), Object.fromEntries(tensors));
    const { status, stdout } = await models("verify", at("nan"));
    expect(stdout).toContain(`"${name}" holds 2 of 256 values that are not finite`);
    expect(status).toBe(3);
  });

  test("a missing model and files that are not a model end with status 3", async () => {
    writeFileSync(at("page.bin"), "<!DOCTYPE html><html></html>");
    for (const model of [at("none"), at("page.bin"), "sam-vit-b"]) {
      for (const command of ["show", "verify"]) {
        const { status, stderr } = await runInProcess(["models", command, model], { HF_HOME: at("hub") });
        expect(status).toBe(3);
        expect(stderr).toContain(model);
        if (model !== at("page.bin")) expect(stderr).toContain("medclip-sam models pull");
      }
    }
  });
});

describeWith(["parity/clip/mini", "parity/torch-files/wrong_keys.bin"], "models of the reference", () => {
  const mini = sharedPath("parity/clip/mini");

  test("show prints sizes and tensor names", async () => {
    const { status, stdout } = await models("show", mini);
    expect(status).toBe(0);
    for (const text of ["open_clip", "71 (71 float32)", "width 32, 2 blocks, 2 heads", "1000 words", "124,353"])
      expect(stdout).toContain(text);
    expect(stdout).toMatch(/^SHA-256 +[0-9a-f]{64}$/m);
    expect(stdout).not.toContain("problem");
  });

  test("verify accepts both naming schemes and torch files", async () => {
    const config = join(mini, "open_clip_config.json");
    for (const model of [mini, sharedPath("parity/clip/mini-port")]) expect((await models("verify", model)).status, model).toBe(0);
    for (const file of ["open_clip_pytorch_model.bin", "trainer_epoch_2.pt"]) {
      const { status, stdout } = await models("verify", sharedPath("parity/torch-files", file), "--clip-config", config);
      expect(status, stdout).toBe(0);
    }
  });

  test("verify lists missing, misshapen and surplus tensors", async () => {
    const file = sharedPath("parity/torch-files/wrong_keys.bin");
    const { status, stdout } = await models("verify", file, "--clip-config", join(mini, "open_clip_config.json"));
    expect(status).toBe(3);
    for (const text of [
      'missing: "visual.trunk.pos_embed"',
      'wrong shape: "visual.head.proj.weight" is [2,32]',
      'unexpected: "visual.extra"',
    ]) {
      expect(stdout).toContain(text);
    }
    const bare = await models("verify", file);
    expect(bare.status).toBe(3);
    expect(bare.stdout).toContain("--clip-config");
    expect(bare.stdout).toContain('unexpected: "visual.extra"');
  });

  test("a vocabulary with more words than the embedding is found", async () => {
    mkdirSync(at("mini"), { recursive: true });
    for (const name of ["open_clip_config.json", "open_clip_model.safetensors", "tokenizer_config.json"])
      copyFileSync(join(mini, name), at("mini", name));
    writeFileSync(at("mini", "vocab.txt"), `${readFileSync(join(mini, "vocab.txt"), "utf8").trimEnd()}\nlesion-of-another-model\n`);
    const { status, stdout } = await models("verify", at("mini"));
    expect(stdout).toMatch(/vocabulary in .* has 1001 words, the word embedding 1000 rows/);
    expect(status).toBe(3);
  });
});

test("doctor finds no problem on this machine", async () => {
  const { status, stdout } = await runCommand(["doctor"], environment);
  expect(stdout).toMatch(/^OK +graphs +.*gradient is accurate/m);
  expect(stdout).toMatch(/^OK +cache /m);
  expect(status, stdout).toBe(0);
});

test("doctor says what is wrong and what to do", async () => {
  writeFileSync(at("file"), "");
  const { status, stdout } = await runInProcess(["doctor"], { XDG_CACHE_HOME: at("file") });
  expect(status).toBe(1);
  expect(stdout).toMatch(/^PROBLEM +cache .*Set XDG_CACHE_HOME/m);
});
