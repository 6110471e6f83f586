import { existsSync, statfsSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { compareMedsam } from "../../test/support/medsam-parity.ts";
import { decodeMask, decodeRgb, sha256 } from "../../test/support/pictures.ts";
import { boxOf, iou, readSamCase, type SamFile, strided, temporaryFolder, writeSam } from "../../test/support/sam-cases.ts";
import { compareCase } from "../../test/support/sam-parity.ts";
import { describeCases, describeWith, readCase, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { keepComponents } from "../image/index.ts";
import { samPresets } from "../models/sam/index.ts";
import { SamPredictor, unionOf } from "./index.ts";

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

describeWith(["parity/sam/medsam-b.safetensors"], "MedSAM at its true size", () => {
  test("boxes to masks", async () => {
    const file = "medsam-b.safetensors";
    const { seed } = await readSamCase(file);
    const weights = await writeSam(join(temporary.folder, `medsam_vit_b-${seed}.safetensors`), samPresets["medsam-vit-b"]!, { seed });
    const predictor = await SamPredictor.open(weights);
    await compareMedsam(predictor, file);
    await predictor.dispose();
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

interface EndToEnd {
  readonly cases: readonly {
    readonly name: string;
    readonly image: string;
    readonly image_sha256: string;
    readonly contours: number;
    readonly boxes: readonly number[][];
    readonly iou: readonly number[];
    readonly pixels: { readonly union: number; readonly final: number };
  }[];
}

describeWith(["parity/sam/e2e/e2e.json"], "boxes to final mask, with weights that give blobs", () => {
  const { cases } = sharedJson<EndToEnd>("parity", "sam", "e2e", "e2e.json");
  /** All four taps of each 2 x 2 kernel become the first one. */
  const flatten = (values: Float32Array): void => {
    for (let i = 0; i < values.length; i += 4) values.fill(values[i]!, i, i + 4);
  };

  test.for(cases)("$name", async ({ name, image, image_sha256, boxes, contours, iou: scores, pixels }, { skip }) => {
    const picture = await decodeRgb(sharedPath("data", image));
    skip(image.endsWith(".jpg") && sha256(picture.data) !== image_sha256, "the JPEG decodes to other bytes here");
    const { tensors, settings } = await readCase("parity/sam/e2e/e2e.safetensors");
    const changed = await writeSam(join(temporary.folder, `${name}.safetensors`), samPresets["sam-tiny"]!, {
      seed: settings.seed,
      change: {
        "mask_decoder.output_upscaling.0.weight": flatten,
        "mask_decoder.output_upscaling.3.weight": flatten,
        "mask_decoder.output_hypernetworks_mlps.0.layers.2.bias": (values) => values.set(tensors.get(`${name}.bias`)!.data as Float32Array),
      },
    });
    const predictor = await SamPredictor.open(changed);
    await predictor.setImage(picture);
    const predictions = await predictor.predict({ boxes: boxes.map(boxOf) });
    await predictor.dispose();

    expectClose(
      predictions.map((prediction) => prediction.scores[0]!),
      scores,
      1e-5,
      "scores",
    );
    const logits = predictions.flatMap((prediction) => Array.from(strided(prediction.logitsOf(0), [256, 256], [0, 1], 2)));
    expectClose(logits, tensors.get(`${name}.logits_stride2`)!.data as Float32Array, 5e-4, "logits");
    const union = unionOf(predictions.map((prediction) => prediction.mask()));
    const final = keepComponents(union, { keep: contours, ties: "keep" });
    for (const [kind, mask] of Object.entries({ union, final })) {
      expect(iou(mask, await decodeMask(sharedPath("parity", "sam", "e2e", `${name}-${kind}.png`))), kind).toBeGreaterThanOrEqual(0.999);
      const area = mask.data.reduce((sum, value) => sum + value, 0);
      expect(Math.abs(area / pixels[kind as "union" | "final"] - 1), `${kind} area`).toBeLessThan(0.001);
    }
  });
});
