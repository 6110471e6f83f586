import type { JobName } from "../jobs/index.ts";
import type { SettingsSchema } from "./flags.ts";

/** A command that is one job: its flags are its settings. */
export interface JobCommand {
  readonly job: JobName;
  readonly summary: string;
  /** Loaded for the command that is used: the help of all commands needs none. */
  readonly schema: () => Promise<SettingsSchema<Readonly<Record<string, unknown>>>>;
  /** The setting that is given without a flag; `usage` is its place in commander's words. */
  readonly positional?: { readonly key: string; readonly usage: string; readonly label: string; readonly description: string };
  /** Whether the same command line goes on where an interrupted run stopped. */
  readonly resumes: boolean;
}

const images = {
  key: "inputs",
  usage: "[inputs...]",
  label: "an image or folder",
  description: "images and folders, which are walked recursively",
};

/** In the order in which the help lists them. */
export const jobCommands: readonly JobCommand[] = [
  {
    job: "segment",
    summary: "say what to segment, get a mask of every image",
    schema: async () => (await import("../pipeline/zero-shot/settings.ts")).SegmentSettings,
    positional: images,
    resumes: true,
  },
  {
    job: "saliency",
    summary: "first step of segment: where in the image the text is",
    schema: async () => (await import("../pipeline/zero-shot/settings.ts")).SaliencyRunSettings,
    positional: images,
    resumes: true,
  },
  {
    job: "coarse",
    summary: "second step: saliency maps to coarse masks",
    schema: async () => (await import("../pipeline/zero-shot/settings.ts")).CoarseRunSettings,
    positional: {
      key: "inputs",
      usage: "[folder]",
      label: "the folder of saliency maps",
      description: "folder with saliency maps, or the folder that `saliency` or `segment` wrote",
    },
    resumes: true,
  },
  {
    job: "refine",
    summary: "third step: coarse masks to masks, by SAM",
    schema: async () => (await import("../pipeline/zero-shot/settings.ts")).RefineRunSettings,
    positional: images,
    resumes: true,
  },
  {
    job: "embed",
    summary: "features of images and sentences, and how similar they are",
    schema: async () => (await import("../pipeline/embed/settings.ts")).EmbedSettings,
    positional: images,
    resumes: false,
  },
  {
    job: "evaluate",
    summary: "compare masks with the truth: DSC, IoU, NSD, Hausdorff and mean surface distance",
    schema: async () => (await import("../pipeline/evaluate/settings.ts")).EvaluateSettings,
    resumes: false,
  },
  {
    job: "retrieve",
    summary: "how well a model finds the caption of an image among others, and back",
    schema: async () => (await import("../pipeline/retrieve/settings.ts")).RetrieveSettings,
    resumes: false,
  },
  {
    job: "finetune",
    summary: "train a CLIP model on pairs of image and caption, with DHN-NCE or another contrastive loss",
    schema: async () => (await import("../pipeline/finetune/settings.ts")).FinetuneSettings,
    resumes: true,
  },
  {
    job: "finetune-sam",
    summary: "train a SAM model on images with masks, from boxes and points as good or bad as those of the pipeline",
    schema: async () => (await import("../pipeline/finetune-sam/settings.ts")).FinetuneSamSettings,
    resumes: true,
  },
  {
    job: "phantom",
    summary: "draw synthetic scans with masks of what they show, captions, prompts and a vocabulary",
    schema: async () => (await import("../pipeline/phantom/settings.ts")).PhantomSettings,
    resumes: true,
  },
  {
    job: "demo",
    summary: "the full pipeline on synthetic scans, with the models that come with this package",
    schema: async () => (await import("../pipeline/demo/settings.ts")).DemoSettings,
    resumes: false,
  },
  {
    job: "models init",
    summary: "write a model with seeded random weights, for measurements and tests",
    schema: async () => (await import("../pipeline/models-init/settings.ts")).ModelsInitSettings,
    positional: { key: "name", usage: "[name]", label: "the model's name", description: "what to make" },
    resumes: false,
  },
];
