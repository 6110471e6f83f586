import { mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nanoSam } from "../../../test/support/models.ts";
import { temporaryFolder, writeSam } from "../../../test/support/sam-cases.ts";
import { readSafetensors, writeSafetensors } from "../../tensor/safetensors.ts";
import { Weights } from "../weights.ts";
import { recognisedVariant, samFamily, samPresets } from "./index.ts";

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());

/** The nano model under a path. */
async function weightsAt(path: string, metadata?: Record<string, string>): Promise<Weights> {
  const file = join(temporary.folder, path);
  const { tensors } = await readSafetensors(join(await nanoSam(), "model.safetensors"));
  await mkdir(dirname(file), { recursive: true });
  await writeSafetensors(`${file}.made`, Object.fromEntries(tensors), metadata);
  await rename(`${file}.made`, file);
  return await Weights.open(file, samFamily);
}

describe("a model whose tensors are SAM's is known by its name", () => {
  test.each([
    ["medsam_vit_b.pth", "medsam"],
    ["MedSAM-finetuned.safetensors", "medsam"],
    ["my-med-sam/model.safetensors", "medsam"],
    ["sam-med2d_b.pth", "sam-med2d"],
    ["SAM-Med2D/pytorch_model.bin", "sam-med2d"],
    ["sam_vit_b_01ec64.pth", "sam"],
    // The name of the file says what it is, whatever the folder is called.
    ["medsam/sam_vit_b_01ec64.pth", "sam"],
    ["medclip-sam.pth", "sam"],
    ["model.safetensors", "sam"],
  ] as const)("%s: %s", async (path, variant) => {
    const found = recognisedVariant(await weightsAt(`named/${path}`));
    expect(found.variant).toBe(variant);
    if (variant === "sam") expect(found.note).toBeUndefined();
    else expect(found.note).toContain("pass --sam-variant sam");
  });
});

test("a repository in the Hugging Face cache needs no note", async () => {
  const weights = await weightsAt("models--wanglab--medsam-vit-base/snapshots/0123/model.safetensors");
  expect(recognisedVariant(weights)).toEqual({ variant: "medsam" });
});

test("its metadata, the user and the repository of its configuration go before the name of its file", async () => {
  const weights = await weightsAt("plain/sam.safetensors", { variant: "medsam" });
  expect(recognisedVariant(weights)).toEqual({ variant: "medsam" });
  expect(recognisedVariant(weights, { variant: "sam" })).toEqual({ variant: "sam" });
  const other = await weightsAt("other/sam_vit_b.safetensors");
  expect(recognisedVariant(other, { repository: "wanglab/medsam-vit-base" })).toEqual({ variant: "medsam" });
});

test("adapters make it SAM-Med2D", async () => {
  const file = join(temporary.folder, "adapters.safetensors");
  const weights = await Weights.open(await writeSam(file, samPresets["sam-med2d-tiny"]!), samFamily);
  expect(recognisedVariant(weights)).toEqual({ variant: "sam-med2d" });
});
