import { statfsSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder, writeSam } from "../../test/support/sam-cases.ts";
import { compareCase } from "../../test/support/sam-parity.ts";
import { describeWith } from "../../test/support/shared-data.ts";
import { samPresets } from "../models/sam/index.ts";
import { SamPredictor } from "./index.ts";

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());

describeWith(["parity/sam/full-b-1.safetensors"], "ViT-B at its true size", () => {
  let predictor: SamPredictor;
  beforeAll(async () => {
    predictor = await SamPredictor.open(await writeSam(join(temporary.folder, "vit-b.safetensors"), samPresets["sam-vit-b"]!));
  });
  afterAll(() => predictor.dispose());

  test.for([1, 2])("full-b-%i: embedding, all prompts, masks", async (i, { skip }) => {
    const reason = await compareCase(predictor, `full-b-${i}`);
    skip(reason !== undefined, reason);
  });
});

const GIB = 2 ** 30;

describeWith(["parity/sam/full-h-0.safetensors"], "ViT-H at its true size", () => {
  test("full-h-0: embedding, one box, its mask", async ({ skip }) => {
    const { bavail, bsize } = statfsSync(tmpdir());
    const free = { memory: freemem() / GIB, disk: (bavail * bsize) / GIB };
    skip(Math.min(free.memory, free.disk) < 8, `needs 8 GiB of memory and disk, has ${free.memory.toFixed(1)} and ${free.disk.toFixed(1)}`);
    const file = await writeSam(join(temporary.folder, "vit-h.safetensors"), samPresets["sam-vit-h"]!);
    const predictor = await SamPredictor.open(file, { prepack: false });
    expect(await compareCase(predictor, "full-h-0")).toBeUndefined();
    await predictor.dispose();
  });
});
