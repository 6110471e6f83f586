import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, describe, expect, test } from "vitest";
import { expectClose, largestDifference } from "../../../test/support/close.ts";
import { type CaseSource, rebuiltCase } from "../../../test/support/nnunet-datasets.ts";
import { describeWith, readCase, sharedPath } from "../../../test/support/shared-data.ts";
import { unetShapes } from "../../models/unet/index.ts";
import { normal } from "../../tensor/random.ts";
import { labelsOf, predictCase, restore } from "../predict/index.ts";
import { preprocess, preprocessSettingsOf } from "../preprocess/index.ts";
import { modelCard, onnxModel, openModelFolder, patchNetwork, writeFold, writeModelFolder } from "./index.ts";

const temporary = mkdtempSync(join(tmpdir(), "medclip-sam-model-"));
afterAll(() => rmSync(temporary, { recursive: true }));

interface Predictions {
  readonly dataset: string;
  readonly model: string;
  readonly patch: readonly [number, number];
  readonly mirror_axes: readonly number[];
  readonly cases: Readonly<Record<string, PredictedCase>>;
}

interface PredictedCase {
  readonly source: Omit<CaseSource, "case">;
  readonly folds: readonly number[];
  readonly image_shape: readonly [number, number];
  readonly preprocessed_shape: readonly number[];
  readonly stride: number;
  /** [slices, rows, columns] */
  readonly spacing: readonly [number, number, number];
}

const strided = (data: Float32Array, [maps, height, width]: readonly [number, number, number], stride: number): Float32Array => {
  const kept: number[] = [];
  for (let k = 0; k < maps; k++)
    for (let y = 0; y < height; y += stride) for (let x = 0; x < width; x += stride) kept.push(data[(k * height + y) * width + x]!);
  return Float32Array.from(kept);
};

const datasets = ["Dataset503_BrainMRI", "Dataset505_NiftiSlices", "Dataset507_CTLungTrachea"];
const folderOf = (dataset: string): string => sharedPath("parity/nnunet/checkpoint", dataset, "nnUNetTrainer__nnUNetPlans__2d");

describeWith(
  datasets.map((dataset) => `parity/nnunet/checkpoint/${dataset}/predictions.safetensors`),
  "model folders that nnU-Net v2 wrote",
  () => {
    describe.each(datasets)("%s", async (dataset) => {
      const { tensors, settings } = await readCase<Predictions>(`parity/nnunet/checkpoint/${dataset}/predictions.safetensors`);

      // All small ones, and one of each other data set; `checkpoints.slow.test.ts` has the others.
      const chosen = Object.keys(settings.cases).filter(
        (name) => /^case_|_folds01$/.test(name) || (name === "test_0" && /507/.test(dataset)),
      );

      test.each(chosen)("%s is predicted as by nnU-Net", async (name) => {
        const { source, folds, image_shape, preprocessed_shape, stride, spacing } = settings.cases[name]!;
        const { plans, labels, network, folds: opened } = await openModelFolder(folderOf(dataset), { folds: folds.map(String) });
        expect([plans.plan2d.patchSize, opened[0]!.mirrorAxes]).toEqual([settings.patch, settings.mirror_axes]);
        const raw = await rebuiltCase(dataset, { case: name, ...source });
        const image = preprocess({ image: raw, spacing: [spacing[1], spacing[2]] }, preprocessSettingsOf(plans));
        expect([1, image.height, image.width]).toEqual(preprocessed_shape.slice(1));

        const networks = opened.map(({ weights }) => patchNetwork(weights, network));
        const patch = { height: plans.plan2d.patchSize[0], width: plans.plan2d.patchSize[1] };
        const window = { patch, outputs: labels.outputs, areExclusive: labels.regions === undefined, mirrorAxes: opened[0]!.mirrorAxes };
        const logits = await predictCase(
          image,
          networks.map(({ predict }) => predict),
          window,
        );
        for (const one of networks) await one.dispose();
        const probabilities = restore(logits, image.properties);
        const found = labelsOf(probabilities, labels).data;

        const expected = (what: string) => tensors.get(`${name}/${what}`)!.data as Float32Array;
        const shape = [logits.count, ...image_shape] as const;
        const small = strided(logits.data, [logits.count, logits.height, logits.width], stride);
        expectClose(small, expected("logits_float32_path"), 1e-3, "logits");
        expectClose(strided(probabilities.data, shape, stride), expected("probabilities_float32_path"), 1e-4, "probabilities");
        expect(different(found, expected("segmentation_float32_path"))).toBeLessThanOrEqual(5);
        // nnU-Net itself accumulates in half precision.
        expectClose(strided(probabilities.data, shape, stride), expected("probabilities_nnunetv2"), 0.02, "probabilities of nnU-Net");
        expectClose(small, expected("logits_nnunetv2_half"), 0.1, "logits of nnU-Net");
        expect(different(found, expected("segmentation"))).toBeLessThanOrEqual(20);
      });
    });

    test("plans in the layout of version 2.1.1 give the same model", async () => {
      const folder = join(temporary, "old");
      cpSync(folderOf(datasets[2]!), folder, { recursive: true });
      const now = await openModelFolder(folder);
      cpSync(join(folder, "plans_2.1.1_layout.json"), join(folder, "plans.json"));
      const old = await openModelFolder(folder);
      // The old layout does not tell features of each stage, but first and most; these are small networks.
      expect(old.plans.plan2d.network).toEqual(now.plans.plan2d.network);
      expect(old.labels).toEqual(now.labels);
    });

    test("a folder of ours holds the same model", async () => {
      const theirs = await openModelFolder(folderOf(datasets[0]!), { folds: ["1"] });
      const folder = join(temporary, "ours");
      await writeModelFolder(folder, theirs);
      const tensors = unetShapes(theirs.network);
      const values = new Map<string, Float32Array>();
      for (const name of tensors.keys()) values.set(name, await theirs.folds[0]!.weights.read(name));
      await writeFold(folder, "1", { tensors, valuesOf: (name) => values.get(name)!, info: { configuration: "2d", mirrorAxes: [1] } });
      const ours = await openModelFolder(folder);
      expect([ours.plans, ours.labels, ours.network]).toEqual([theirs.plans, theirs.labels, theirs.network]);
      expect(ours.folds.map(({ name, mirrorAxes }) => [name, mirrorAxes])).toEqual([["1", [1]]]);
      for (const [name, data] of values) expectClose(await ours.folds[0]!.weights.read(name), data, 0, name);
    });

    test("the .onnx file gives the folder's logits in a plain ONNX Runtime, also for larger images, and says what they are", async () => {
      const model = await openModelFolder(folderOf(datasets[2]!));
      const bytes = await onnxModel(model);
      const { metadataProps } = fromBinary(ModelProtoSchema, bytes);
      const card = Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
      expect(card).toMatchObject({ activation: "softmax", spacing: "[1,1]", patchSize: "[128,128]", sidesDivisibleBy: "[8,8]" });
      expect(JSON.parse(card.classes!)).toMatchObject([{ name: "background" }, { name: "lung" }, { name: "trachea", values: [2] }]);
      expect(JSON.parse(card.normalisation!)).toMatchObject([{ name: "CT", scheme: "CTNormalization", mean: expect.any(Number) }]);
      expect(card.use).toMatch(/^For research only/);
      expect(card.labels).toBeUndefined();
      const note = { prompts: ["lung", "the lungs"], true_masks_used: 120 };
      const ofPseudoLabels = modelCard({ ...model, dataset: { ...model.dataset, pseudo_labels: note } });
      expect(ofPseudoLabels).toMatchObject({ spacing: [1, 1], labels: { prompts: note.prompts, trueMasksUsed: 120 } });
      const session = await InferenceSession.create(bytes);
      const ours = patchNetwork(model.folds[0]!.weights, model.network);
      for (const shape of [
        [1, 1, 128, 128],
        [2, 1, 136, 64],
      ] as const) {
        const data = normal("image", 1, shape[0] * shape[2] * shape[3]);
        const { logits } = await session.run({ image: new OrtTensor("float32", data, shape) });
        expect(logits!.dims).toEqual([shape[0], 3, shape[2], shape[3]]);
        expect(largestDifference(logits!.data as Float32Array, await ours.predict(data, shape))).toBeLessThan(1e-4);
      }
      await session.release();
      await ours.dispose();
    });

    test("what is missing or does not fit is named", async () => {
      const folder = join(temporary, "broken");
      cpSync(folderOf(datasets[2]!), folder, { recursive: true });
      await expect(openModelFolder(folder, { folds: ["3"] })).rejects.toThrow(`"${folder}" has no fold "3". It has "0".`);
      await expect(openModelFolder(folder, { checkpoint: "checkpoint_best" })).rejects.toThrow(
        'has no checkpoint_best.pth or checkpoint_best.safetensors. Choose one of its checkpoints: "checkpoint_final".',
      );
      await expect(openModelFolder(temporary)).rejects.toThrow(
        "is no model folder: it has no plans.json. Name the folder TRAINER__PLANS__2d",
      );
      await writeFile(
        join(folder, "dataset.json"),
        JSON.stringify({ channel_names: { 0: "CT" }, labels: { background: 0, lung: 1 }, numTraining: 1, file_ending: ".png" }),
      );
      await expect(openModelFolder(folder)).rejects.toThrow(
        /wrong shape: "decoder.seg_layers.0.weight" is \[3,32,1,1\], expected \[2,32,1,1\]/,
      );
      await rm(join(folder, "fold_0"), { recursive: true });
      await expect(openModelFolder(folder)).rejects.toThrow("has no folder fold_0 or fold_all. It has none.");
    });
  },
);

const different = (found: ArrayLike<number>, expected: ArrayLike<number>): number =>
  Array.from(found).filter((label, i) => label !== expected[i]).length;
