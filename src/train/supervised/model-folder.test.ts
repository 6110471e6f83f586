import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeWith, sharedPath } from "../../../test/support/shared-data.ts";
import { labelRulesOf, preprocess, preprocessSettingsOf } from "../../nnunet/index.ts";
import { openModelFolder } from "../../nnunet/model/index.ts";
import { normal } from "../../tensor/random.ts";
import { modelFolder } from "../folder.ts";
import { Cases } from "./case-source.ts";
import { classNamesOf, modelFolderWriter, segmentationPlanOf } from "./model-folder.ts";
import { trainingCaseOf } from "./prepared-case.ts";
import { SupervisedSettings } from "./settings.ts";
import { trainSupervised } from "./train.ts";
import { SupervisedTrainer } from "./trainer.ts";

const out = mkdtempSync(join(tmpdir(), "medclip-sam-model-folder-"));
afterAll(() => rmSync(out, { recursive: true }));

const planned = "parity/nnunet/checkpoint/Dataset507_CTLungTrachea/nnUNetTrainer__nnUNetPlans__2d";

describeWith([planned], "a training by nnU-Net's plans", () => {
  test("ends with a model folder whose checkpoints can be opened by name", async () => {
    const { plans, dataset, labels } = await openModelFolder(sharedPath(planned));
    const plan = { ...segmentationPlanOf(plans, labels, { isWeighted: false }), batch: 2 };
    const [height, width] = plan.patch;
    const channels = plan.network.inputChannels;
    const options = { out, epochs: 2, stepsPerEpoch: 1, validationSteps: 1, seed: 1, classNames: classNamesOf(labels), workers: 0 };
    const settings = SupervisedSettings.parse({ keep: "late" });
    const trainer = new SupervisedTrainer(plan, settings, options, { seed: 1, write: modelFolderWriter({ plans, dataset, fold: "0" }) });
    const image = { channels, height, width, data: normal("image", 1, channels * height * width) };
    const marked = new Int16Array(height * width).fill(1, 0, 100).fill(2, 100, 150);
    const prepared = preprocess({ image, labels: marked, spacing: plans.plan2d.spacing }, preprocessSettingsOf(plans));
    const one = trainingCaseOf("one", prepared, labels, { seed: 1 });
    expect(one.classLocations.map(({ length }) => length)).toEqual([100, 50]);
    const cases = Cases.of([one]);
    for await (const event of trainSupervised(trainer, { training: cases, validation: cases }, options)) {
      if (event.type === "epoch")
        expect(Object.keys(event.line!.metrics)).toEqual([
          "loss",
          "pseudo_dice",
          "pseudo_dice_average",
          ...classNamesOf(labels).map((name) => `pseudo_dice_${name}`),
        ]);
    }
    for (const checkpoint of ["checkpoint_0", "checkpoint_1", "checkpoint_best", "checkpoint_final"]) {
      const model = await openModelFolder(modelFolder(out), { checkpoint });
      expect(model).toMatchObject({ plans: { plan2d: plans.plan2d }, network: plan.network, folds: [{ name: "0", mirrorAxes: [0, 1] }] });
      if (checkpoint === "checkpoint_0") expect(model.folds[0]!.weights.metadata.steps).toBe("1");
      if (checkpoint !== "checkpoint_final") continue;
      expect(model.folds[0]!.weights.metadata.steps).toBe("2");
      for (const name of trainer.trainedNames) expect(await model.folds[0]!.weights.read(name), name).toEqual(trainer.trained(name)!.data);
    }
    await trainer.dispose();
  });
});

test("a region is named by its entry, a class by that of its label; both are what the heads predict", () => {
  const classes = labelRulesOf({ labels: { background: 0, right: 2, left: 1, ignore: 3 } });
  expect(classNamesOf(classes)).toEqual(["left", "right"]);
  const regions = labelRulesOf({ labels: { background: 0, whole: [1, 2], core: 2 }, regions_class_order: [1, 2] });
  expect(classNamesOf(regions)).toEqual(["whole", "core"]);
});
