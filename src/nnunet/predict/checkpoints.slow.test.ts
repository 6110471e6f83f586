import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { type CaseSource, rebuiltCase } from "../../../test/support/nnunet-datasets.ts";
import { describeWith, readCase, sharedPath } from "../../../test/support/shared-data.ts";
import type { ClassMaps } from "../../image/index.ts";
import { openModelFolder, patchNetwork } from "../model/index.ts";
import { preprocess, preprocessSettingsOf } from "../preprocess/index.ts";
import { labelsOf, predictCase, referenceWindows, restore, windowSettingsOf } from "./index.ts";

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

/** How an array of the case was made, and how far off it may be. */
const variants = {
  nnunetv2: { settings: referenceWindows["2.8.1"], logits: "logits_nnunetv2_half", segmentation: "segmentation", off: [0.1, 0.02, 20] },
  "2.1.1_map": { settings: { map: "gaussian-2.1.1" }, logits: undefined, segmentation: "segmentation_2.1.1_map", off: [1e-3, 1e-4, 5] },
} as const;

const sets = ["Dataset503_BrainMRI", "Dataset505_NiftiSlices", "Dataset507_CTLungTrachea"];

// What nnU-Net gives without half precision is compared beside the model folders.
for (const set of sets) {
  const file = `parity/nnunet/checkpoint/${set}/predictions.safetensors`;
  describeWith([file], `images predicted in nnU-Net's precision, ${set}`, async () => {
    const { tensors, settings } = await readCase<Settings>(file);
    const expected = (name: string) => tensors.get(name)!.data as Float32Array;

    // Seen in half precision: logits 0.016, probabilities 4.3e-4, 9 pixels; with the map of 2.1.1: probabilities 5e-6, no pixel.
    test.each(Object.entries(settings.cases))("%s", async (name, { source, folds, stride, spacing: [, ...spacing] }) => {
      const model = await openModelFolder(sharedPath("parity/nnunet/checkpoint", set, settings.model), { folds: folds.map(String) });
      const raw = await rebuiltCase(settings.dataset, source);
      const image = preprocess({ image: raw, spacing }, preprocessSettingsOf(model.plans));
      const networks = model.folds.map(({ weights }) => patchNetwork(weights, model.network));
      for (const [kind, { settings: given, logits: logitsName, segmentation, off }] of Object.entries(variants)) {
        const logits = await predictCase(
          image,
          networks.map(({ predict }) => predict),
          { ...windowSettingsOf(model.plans.plan2d, model.labels), ...given },
        );
        const probabilities = restore(logits, image.properties);
        if (logitsName) expectClose(strided(logits, stride), expected(`${name}/${logitsName}`), off[0], `${kind}: logits`);
        expectClose(strided(probabilities, stride), expected(`${name}/probabilities_${kind}`), off[1], `${kind}: probabilities`);
        const labels = expected(`${name}/${segmentation}`);
        const differing = labelsOf(probabilities, model.labels).data.filter((label, i) => label !== labels[i]).length;
        expect(differing, `${kind}: pixels`).toBeLessThanOrEqual(off[2]);
      }
      for (const network of networks) await network.dispose();
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
