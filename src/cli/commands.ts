import { stat } from "node:fs/promises";
import { ConfigError } from "../errors.ts";
import { EvaluateSettings } from "../pipeline/evaluate/settings.ts";
import {
  CoarseRunSettings,
  EmbedSettings,
  FinetuneSamSettings,
  FinetuneSettings,
  PhantomSettings,
  RefineRunSettings,
  RetrieveSettings,
  SaliencyRunSettings,
  SegmentSettings,
} from "../pipeline/settings.ts";
import { isPattern } from "../scans/pattern.ts";
import type { SettingsSchema } from "./flags.ts";
import type { JobName } from "./jobs.ts";
import { DemoSettings, ModelsInitSettings } from "./settings.ts";

/** A command that is one job: its flags are its settings. */
export interface JobCommand {
  readonly job: JobName;
  readonly summary: string;
  readonly schema: SettingsSchema<Readonly<Record<string, unknown>>>;
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
    schema: SegmentSettings,
    positional: images,
    resumes: true,
  },
  {
    job: "saliency",
    summary: "first step of segment: where in the image the text is",
    schema: SaliencyRunSettings,
    positional: images,
    resumes: true,
  },
  {
    job: "coarse",
    summary: "second step: saliency maps to coarse masks",
    schema: CoarseRunSettings,
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
    schema: RefineRunSettings,
    positional: images,
    resumes: true,
  },
  {
    job: "embed",
    summary: "features of images and sentences, and how similar they are",
    schema: EmbedSettings,
    positional: images,
    resumes: false,
  },
  {
    job: "evaluate",
    summary: "compare masks with the truth: DSC, IoU, NSD, Hausdorff and mean surface distance",
    schema: EvaluateSettings,
    resumes: false,
  },
  {
    job: "retrieve",
    summary: "how well a model finds the caption of an image among others, and back",
    schema: RetrieveSettings,
    resumes: false,
  },
  {
    job: "finetune",
    summary: "train a CLIP model on pairs of image and caption, with DHN-NCE or another contrastive loss",
    schema: FinetuneSettings,
    resumes: true,
  },
  {
    job: "finetune-sam",
    summary: "train a SAM model on images with masks, from boxes and points as good or bad as those of the pipeline",
    schema: FinetuneSamSettings,
    resumes: true,
  },
  {
    job: "phantom",
    summary: "draw synthetic scans with masks of what they show, captions, prompts and a vocabulary",
    schema: PhantomSettings,
    resumes: true,
  },
  {
    job: "demo",
    summary: "the whole road on drawn scans, with the models that come with this package",
    schema: DemoSettings,
    resumes: false,
  },
  {
    job: "models init",
    summary: "write a model with seeded random weights, for measurements and tests",
    schema: ModelsInitSettings,
    positional: { key: "name", usage: "[name]", label: "the model's name", description: "what to make" },
    resumes: false,
  },
];

/** Settings that name something which must be there before a run is worth starting. */
const existing = ["inputs", "coarse", "pred", "truth", "prompts", "noise", "vocab", "pairs", "images", "data"];

/** @throws ConfigError when a path given on the command line does not exist: that is a mistyped command, not a bad image */
export async function checkPaths(settings: Readonly<Record<string, unknown>>): Promise<void> {
  for (const key of existing) {
    const paths = [settings[key]].flat().filter((value) => typeof value === "string");
    for (const path of paths) {
      if (key === "inputs" && isPattern(path)) continue; // expanded where folders are walked
      await stat(path).catch((cause: NodeJS.ErrnoException) => {
        // Anything else is told better by whoever opens it.
        if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") return;
        throw new ConfigError(`${key === "inputs" ? "" : `--${key}: `}"${path}" does not exist`, { cause });
      });
    }
  }
}
