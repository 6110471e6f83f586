import { z } from "zod";
import { grouped } from "../../../run/settings/meta.ts";
import { LoopSettings } from "../../../train/loop-settings.ts";
import { SupervisedSettings } from "../../../train/supervised/settings.ts";
import { CommonSettings, PairSettings } from "../../settings.ts";
import { PlanSettings } from "../plan/settings.ts";
import { type PresetName, type TrainPreset, trainPresets } from "./presets.ts";

const presetNames = Object.keys(trainPresets) as PresetName[];
const count = () => z.number().int().positive();

/** `medclip-sam weak train`. */
export const WeakTrainSettings = z.strictObject(
  grouped("Training", {
    ...PlanSettings.shape,
    longestSide: PlanSettings.shape.longestSide.describe(
      "images are resampled so that the median of their longer sides is at most this; masks keep the size of the image (default: the preset's)",
    ),
    plans: z
      .string()
      .optional()
      .describe("plans file, ours or nnU-Net's (default: the data set is planned first)")
      .meta({ group: "Input", placeholder: "FILE", mustExist: true, neutral: true, excludes: ["planner", "gpuMemory", "longestSide"] }),
    preset: z
      .enum(presetNames)
      .default("paper")
      .describe("length and size: quick (a quarter of an hour on two cores), paper, or full (nnU-Net's own)"),
    fold: z
      .enum(["all", "0", "1", "2", "3", "4"])
      .default("all")
      .describe("which fifth of the cases is for validation; all: none, every case is trained on"),
    splits: z
      .string()
      .optional()
      .describe("splits_final.json with the folds (default: drawn by the seed)")
      .meta({ group: "Input", placeholder: "FILE", mustExist: true, neutral: true, needs: [{ fold: ["0", "1", "2", "3", "4"] }] }),
    weights: z
      .string()
      .optional()
      .describe(
        "table of the cases (CSV: name, weight) by which they count in the loss; cases that it does not name, or with weight 0, are left out",
      )
      .meta({ group: "Input", placeholder: "FILE", mustExist: true, neutral: true }),
    epochs: count().optional().describe("number of epochs (default: the preset's)"),
    epochSteps: count().optional().describe("steps per epoch (default: the preset's)"),
    validationSteps: count()
      .optional()
      .describe("batches of the validation after each epoch (default: the preset's)")
      .meta({ needs: [{ fold: ["0", "1", "2", "3", "4"] }] }),
    batch: count().optional().describe("most patches in a batch (default: the preset's, or as planned)"),
    patch: count().optional().describe("longest side of a patch (default: the preset's, or as planned)").meta({ unit: "pixels" }),
    features: count().optional().describe("features of the first stage at most (default: the preset's, or as planned)"),
    mostFeatures: count().optional().describe("features of any stage at most (default: the preset's, or as planned)"),
    ...SupervisedSettings.shape,
    cycles: SupervisedSettings.shape.cycles
      .unwrap()
      .optional()
      .describe("cycles of the learning rate, of equal length (default: the preset's)"),
    keep: SupervisedSettings.shape.keep
      .unwrap()
      .optional()
      .describe(
        "checkpoints to keep for an ensemble: the last ten epochs of each cycle (late), seven spread over its last third (sparse), both, or none (default: the preset's)",
      ),
    ...CommonSettings.pick({ device: true, threads: true }).shape,
    ...PairSettings.pick({ workers: true }).shape,
    seed: CommonSettings.shape.seed.describe("seed of the initial weights, the folds, the order of the cases and the augmentation"),
    ...LoopSettings.omit({ earlyStop: true }).shape,
  }),
);
export type WeakTrainSettings = z.infer<typeof WeakTrainSettings>;

/** A preset with what the settings say instead. */
export function lengthOf(settings: WeakTrainSettings): TrainPreset & Pick<SupervisedSettings, "keep"> {
  const preset: TrainPreset = trainPresets[settings.preset];
  const own = (name: keyof TrainPreset & keyof WeakTrainSettings) => settings[name] ?? preset[name];
  const names = [
    "epochs",
    "epochSteps",
    "validationSteps",
    "cycles",
    "keep",
    "features",
    "mostFeatures",
    "patch",
    "batch",
    "longestSide",
  ] as const;
  return Object.fromEntries(names.map((name) => [name, own(name)])) as unknown as TrainPreset;
}
