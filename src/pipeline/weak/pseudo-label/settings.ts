import { z } from "zod";
import { DuplicateSettings, GateSettings, IgnoreSettings } from "../../../gate/index.ts";
import { grouped } from "../../../run/settings/meta.ts";
import { type MethodRow, saliencyMethods } from "../../../saliency/index.ts";
import { CommonSettings } from "../../settings.ts";
import { CoarseSettings } from "../../zero-shot/settings/coarse.ts";
import { needsOf } from "../../zero-shot/settings/method-settings.ts";
import { RefineSettings } from "../../zero-shot/settings/refine.ts";
import { PromptSetSettings, RunSettings } from "../../zero-shot/settings/run.ts";
import { AffinitySettings, SaliencySettings } from "../../zero-shot/settings/saliency.ts";

/** What the masks of images are labels of, and how far they can be trusted. */
export const LabelSettings = z.strictObject({
  ...grouped("Input", {
    prompt: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        "text prompt of the target; several are wordings for the same: their mean gives the mask, and each alone is a member of the gate's agreement",
      )
      .meta({ placeholder: "TEXT", neutral: true, excludes: ["promptSet"] }),
    promptSet: PromptSetSettings.shape.promptSet.meta({ excludes: ["prompt"] }),
    classAware: PromptSetSettings.shape.classAware,
    testImages: z
      .array(z.string())
      .default([])
      .describe("images of the test set: their near-duplicates among the others are not trained on")
      .meta({ placeholder: "DIR", mustExist: true }),
    group: z
      .string()
      .optional()
      .describe('regular expression of what names of one patient share, such as "^patient\\d+": its images stay in one fold')
      .meta({ placeholder: "PATTERN" }),
  }),
  ...grouped("Output", {
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]+$/, "letters, digits, - and _ only")
      .default("target")
      .describe("name of the target in the data set")
      .meta({ placeholder: "NAME" }),
  }),
  ...grouped("Quality gate", {
    seeds: z
      .number()
      .int()
      .positive()
      .default(3)
      .describe("saliency maps from so many noise streams, each a member of the gate's agreement; 1 for methods that draw no noise")
      .meta(needsOf<MethodRow>("saliencyMethod", saliencyMethods, ({ drawsNoise }) => drawsNoise)),
    perturbations: z
      .number()
      .int()
      .nonnegative()
      .default(4)
      .describe("masks from noised image embeddings of SAM, for the gate's stability; 0: not measured"),
    embeddingNoise: z
      .number()
      .positive()
      .default(0.1)
      .describe("standard deviation of that noise, as a share of the embedding's own")
      .meta({ needs: [{ perturbations: "given" }] }),
    ...GateSettings.shape,
    ...IgnoreSettings.shape,
    ...DuplicateSettings.shape,
  }),
});

const isDescribed = ({ prompt, promptSet }: Partial<Pick<z.infer<typeof LabelSettings>, "prompt" | "promptSet">>) =>
  (prompt === undefined) !== (promptSet === undefined);
/** Refuses settings without a text prompt, and those with two. */
export const describedOnce = [
  isDescribed,
  { error: "give the text prompt in one way: --prompt TEXT (repeat for several wordings) or --prompt-set TASK/SET" },
] as const;

/** Settings of `weak pseudo-label`, not yet checked as a whole. */
export const PseudoLabelShape = z.strictObject({
  ...RunSettings.pick({ inputs: true }).shape,
  ...LabelSettings.shape,
  ...CommonSettings.omit({ maxMemory: true }).shape,
  ...SaliencySettings.omit({ noise: true }).shape,
  ...AffinitySettings.shape,
  ...CoarseSettings.shape,
  ...RefineSettings.omit({ cache: true }).shape,
  seed: CommonSettings.shape.seed.describe("seed of all noise, of sampled points and of the folds"),
  ...RunSettings.pick({ out: true, overwrite: true, dryRun: true }).shape,
});

/** `medclip-sam weak pseudo-label`. */
export const WeakPseudoLabelSettings = PseudoLabelShape.refine(...describedOnce);
export type WeakPseudoLabelSettings = z.infer<typeof WeakPseudoLabelSettings>;
