import { existsSync, statfsSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { type SamFile, temporaryFolder, writeSam } from "../../test/support/sam-cases.ts";
import { compareCase } from "../../test/support/sam-parity.ts";
import { describeCases } from "../../test/support/shared-data.ts";
import { samPresets } from "../models/sam/index.ts";
import { SamPredictor } from "./index.ts";

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());

describeCases<SamFile>("parity/sam", /^tiny-.*\.safetensors$/, "the small model", (files) => {
  test.for(files)("$file: embedding, all prompts, masks", async ({ file, settings: { seed } }, { skip }) => {
    const predictor = await SamPredictor.open(
      await writeSam(join(temporary.folder, "tiny.safetensors"), samPresets["sam-tiny"]!, { seed }),
    );
    const reason = await compareCase(predictor, file);
    await predictor.dispose();
    skip(reason !== undefined, reason);
  });
});

describeCases<SamFile>("parity/sam", /^full-b-.*\.safetensors$/, "ViT-B at its true size", (files) => {
  test.for(files)("$file: embedding, all prompts, masks", async ({ file, settings: { seed } }, { skip }) => {
    const weights = join(temporary.folder, `vit-b-${seed}.safetensors`);
    if (!existsSync(weights)) await writeSam(weights, samPresets["sam-vit-b"]!, { seed });
    const predictor = await SamPredictor.open(weights);
    const reason = await compareCase(predictor, file);
    await predictor.dispose();
    skip(reason !== undefined, reason);
  });
});

const GIB = 2 ** 30;

describeCases<SamFile>("parity/sam", /^full-h-.*\.safetensors$/, "ViT-H at its true size", (files) => {
  test.for(files)("$file: embedding, one box, its mask", async ({ file, settings: { seed } }, { skip }) => {
    const { bavail, bsize } = statfsSync(tmpdir());
    const free = { memory: freemem() / GIB, disk: (bavail * bsize) / GIB };
    skip(Math.min(free.memory, free.disk) < 8, `needs 8 GiB of memory and disk, has ${free.memory.toFixed(1)} and ${free.disk.toFixed(1)}`);
    const weights = await writeSam(join(temporary.folder, "vit-h.safetensors"), samPresets["sam-vit-h"]!, { seed });
    const predictor = await SamPredictor.open(weights, { prepack: false });
    const reason = await compareCase(predictor, file);
    await predictor.dispose();
    skip(reason !== undefined, reason);
  });
});
