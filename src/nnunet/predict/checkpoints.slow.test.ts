import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { type CaseSource, rawCase } from "../../../test/support/raw-cases.ts";
import { describeWith, readCase, sharedJson, sharedPath } from "../../../test/support/shared-data.ts";
import { unetPredictor } from "../../../test/support/unet-predictor.ts";
import type { ClassMaps } from "../../image/index.ts";
import type { DatasetJson } from "../dataset/dataset-json.ts";
import { labelRulesOf } from "../labels.ts";
import { readPlans } from "../plan/read-plans.ts";
import { preprocess, preprocessSettingsOf } from "../preprocess/index.ts";
import { labelsOf, predictCase, referenceWindows, restore, type WindowSettings, windowSettingsOf } from "./index.ts";

interface Predicted {
  readonly source: CaseSource;
  readonly folds: readonly number[];
  readonly stride: number;
  /** With the axis of slices. */
  readonly spacing: readonly [number, number, number];
}

interface Settings {
  readonly dataset: string;
  readonly model: string;
  readonly cases: Readonly<Record<string, Predicted>>;
}

/** What an array of the case was made with, and how far off it may be. */
const variants = {
  float32_path: { settings: {}, logits: 1e-3, probabilities: 1e-4, pixels: 5 },
  "2.1.1_map": { settings: { map: "gaussian-2.1.1" }, logits: 1e-3, probabilities: 1e-4, pixels: 5 },
  nnunetv2: { settings: referenceWindows["2.8.1"], logits: 0.1, probabilities: 0.02, pixels: 20 },
} as const satisfies Record<string, { settings: Partial<WindowSettings>; logits: number; probabilities: number; pixels: number }>;

const sets = ["Dataset503_BrainMRI", "Dataset505_NiftiSlices", "Dataset507_CTLungTrachea"];

for (const set of sets) {
  const file = `parity/nnunet/checkpoint/${set}/predictions.safetensors`;
  describeWith([file], `images predicted with a checkpoint of nnU-Net, ${set}`, async () => {
    const { tensors, settings } = await readCase<Settings>(file);
    const folder = ["parity/nnunet/checkpoint", set, settings.model] as const;
    const rules = labelRulesOf(sharedJson<DatasetJson>(...folder, "dataset.json"));
    const cases = Object.entries(settings.cases);

    // Seen: logits 1.8e-5, probabilities 5e-6, no pixel off; in half precision 0.016, 4.3e-4, 9 pixels.
    test.each(cases)("%s", async (name, { source, folds, stride, spacing: [, ...spacing] }) => {
      const raw = await rawCase(settings.dataset, source);
      const plans = await readPlans(sharedPath(...folder, "plans.json"));
      const image = preprocess({ image: raw.image, spacing }, preprocessSettingsOf(plans));
      const config = { ...plans.plan2d.network, inputChannels: image.channels, outputs: rules.outputs };
      const networks = await Promise.all(
        folds.map((fold) => unetPredictor(sharedPath(...folder, `fold_${fold}`, "checkpoint_final.pth"), config)),
      );
      for (const [kind, { settings: given, ...tolerance }] of Object.entries(variants)) {
        const logits = await predictCase(
          image,
          networks.map(({ predict }) => predict),
          { ...windowSettingsOf(plans.plan2d, rules), ...given },
        );
        const probabilities = restore(logits, image.properties);
        const expected = (what: string) => tensors.get(`${name}/${what}`)?.data as Float32Array | undefined;
        const expectedLogits = expected(kind === "nnunetv2" ? "logits_nnunetv2_half" : `logits_${kind}`);
        if (expectedLogits) expectClose(strided(logits, stride), expectedLogits, tolerance.logits, `${kind}: logits`);
        expectClose(strided(probabilities, stride), expected(`probabilities_${kind}`)!, tolerance.probabilities, `${kind}: probabilities`);
        const segmentation = expected(kind === "nnunetv2" ? "segmentation" : `segmentation_${kind}`)!;
        const off = labelsOf(probabilities, rules).data.filter((label, i) => label !== segmentation[i]).length;
        expect(off, `${kind}: pixels off`).toBeLessThanOrEqual(tolerance.pixels);
      }
      for (const { dispose } of networks) await dispose();
    });
  });
}

function strided({ count, height, width, data }: ClassMaps, stride: number): Float32Array {
  const picked: number[] = [];
  for (let line = 0; line < count * height; line++) {
    if ((line % height) % stride === 0) for (let x = 0; x < width; x += stride) picked.push(data[line * width + x]!);
  }
  return Float32Array.from(picked);
}
