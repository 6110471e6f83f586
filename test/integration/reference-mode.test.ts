import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { iou } from "../../src/metrics/index.ts";
import { samPresets } from "../../src/models/sam/index.ts";
import { runCoarse } from "../../src/pipeline/zero-shot/coarse.ts";
import { runRefine } from "../../src/pipeline/zero-shot/refine.ts";
import { runSaliency } from "../../src/pipeline/zero-shot/saliency.ts";
import { CoarseRunSettings, RefineRunSettings, SaliencyRunSettings } from "../../src/pipeline/zero-shot/settings/commands.ts";
import { readGray } from "../../src/scans/read-gray.ts";
import { normal } from "../../src/tensor/random.ts";
import { writeSafetensors } from "../../src/tensor/safetensors.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { randomModel } from "../support/models.ts";
import { writeSam } from "../support/sam-cases.ts";
import { describeWith, readCase, sharedJson, sharedPath } from "../support/shared-data.ts";
import { collect } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-reference-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]) => join(folder, ...parts);

const vocabulary = "data/vocab/bert_base_uncased_vocab.txt";

interface SaliencyCase {
  key: string;
  image: string;
  sentence: string;
  layer: number;
  beta: number;
  steps: number;
  samples: number;
}

describeWith(
  ["parity/saliency/m2ib-tiny.safetensors", vocabulary, "data/mri_brain_tumor"],
  "saliency in reference mode, from the image file to the stored map",
  () => {
    test("gives the pixels that the released tool writes", async () => {
      const { tensors, settings: all } = await readCase<{ cases: SaliencyCase[] }>("parity/saliency/m2ib-tiny.safetensors");
      const clip = await randomModel("biomedclip-tiny", sharedPath(vocabulary), all.seed);
      // Each image once.
      const stored = all.cases
        .filter(({ key }) => tensors.has(`${key}.final_u8`))
        .filter(({ image }, index, cases) => cases.findIndex((other) => other.image === image) === index);
      for (const { key, image, sentence, layer, beta, steps, samples } of stored) {
        const inputs = [sharedPath("data", image)];
        const shape = [steps, samples, 197, 96];
        const noise = at(`${key}.safetensors`);
        await writeSafetensors(noise, { noise: tensor("float32", shape, normal("m2ib/eps", all.seed, steps * samples * 197 * 96)) });
        const given = { clip, inputs, prompt: [sentence], layer, beta, steps, samples };
        const settings = { ...given, mode: "reference", noise, out: at(key) };
        await collect(runSaliency(SaliencyRunSettings.parse(settings)));
        const { data } = await readGray(at(key, "saliency", `${basename(image).replace(/\.\w+$/, "")}.png`));
        const expected = tensors.get(`${key}.final_u8`)!.data as Uint8Array;
        const off = expected.reduce((count, level, i) => count + (Math.abs(level - data[i]!) > 1 ? 1 : 0), 0);
        expect(off / expected.length, key).toBeLessThanOrEqual(1e-3);
      }
    });
  },
);

interface EndToEnd {
  cases: { name: string; image: string; keep: number; per_component_boxes: boolean; boxes: number[][]; pixels: { coarse: number } }[];
}

describeWith(
  ["parity/sam/e2e/e2e.json", "data/mri_brain_tumor"],
  "coarse and refine in reference mode, from the stored map to the final mask",
  () => {
    const { cases } = sharedJson<EndToEnd>("parity/sam/e2e/e2e.json");

    test.each(cases)(
      "$name gives the boxes and the mask of the released tools",
      async ({ name, image, keep, per_component_boxes, boxes }) => {
        const { tensors, settings } = await readCase("parity/sam/e2e/e2e.safetensors");
        const tied = (values: Float32Array) => {
          for (let i = 0; i < values.length; i++) values[i] = values[i - (i % 4)]!;
        };
        const sam = await writeSam(at(`${name}.safetensors`), samPresets["sam-tiny"]!, {
          seed: settings.seed,
          change: {
            "mask_decoder.output_upscaling.0.weight": tied,
            "mask_decoder.output_upscaling.3.weight": tied,
            "mask_decoder.output_hypernetworks_mlps.0.layers.2.bias": (values) =>
              values.set(tensors.get(`${name}.bias`)!.data as Float32Array),
          },
        });
        const picture = basename(image).replace(/\.\w+$/, "");
        const out = at(name);
        mkdirSync(join(out, "saliency"), { recursive: true });
        copyFileSync(sharedPath(`parity/sam/e2e/${name}-saliency.png`), join(out, "saliency", `${picture}.png`));
        await collect(runCoarse(CoarseRunSettings.parse({ inputs: [out], out, keep, mode: "reference" })));
        await collect(
          runRefine(
            RefineRunSettings.parse({
              inputs: [sharedPath("data", image)],
              coarse: out,
              out,
              sam,
              perComponent: per_component_boxes,
              mode: "reference",
            }),
          ),
        );
        const mask = async (file: string) => {
          const { width, height, data } = await readGray(file);
          return { width, height, data: data.map((level) => (level > 127 ? 1 : 0)) };
        };
        const expected = (kind: string) => mask(sharedPath(`parity/sam/e2e/${name}-${kind}.png`));
        expect(iou(await mask(join(out, "coarse", `${picture}.png`)), await expected("coarse"))).toBe(1);
        expect(JSON.parse(readFileSync(join(out, "run.json"), "utf8")).images[0].boxes).toEqual(boxes);
        expect(iou(await mask(join(out, "masks", `${picture}.png`)), await expected("final"))).toBeGreaterThanOrEqual(0.999);
      },
    );
  },
);
