import type { JobName } from "../jobs/index.ts";
import type { SettingsSchema } from "./flags.ts";

/** A setting that stands on the command line without a flag. */
interface Positional {
  readonly key: string;
  /** Its declaration for commander. */
  readonly usage: string;
  /** Its name in messages. */
  readonly label: string;
  readonly description: string;
}

/** A command that runs one job: its flags are its settings. */
export interface JobCommand {
  readonly job: JobName;
  readonly summary: string;
  /** Loaded only for the command in use: the general help needs none. */
  readonly schema: () => Promise<SettingsSchema<Readonly<Record<string, unknown>>>>;
  /** The settings that have no flag, in their order on the command line. */
  readonly positionals?: readonly Positional[];
  /** Whether the same command line resumes an interrupted run. */
  readonly resumes: boolean;
}

const images: Positional = {
  key: "inputs",
  usage: "[inputs...]",
  label: "an image or folder",
  description: "images and folders (searched recursively)",
};

/** In the order of the help. */
export const jobCommands: readonly JobCommand[] = [
  {
    job: "segment",
    summary: "segment images from text prompts: one mask per image and target",
    schema: async () => (await import("../pipeline/zero-shot/settings/commands.ts")).SegmentSettings,
    positionals: [images],
    resumes: true,
  },
  {
    job: "saliency",
    summary: "first step of segment: saliency maps from images and text prompts",
    schema: async () => (await import("../pipeline/zero-shot/settings/commands.ts")).SaliencyRunSettings,
    positionals: [images],
    resumes: true,
  },
  {
    job: "coarse",
    summary: "second step: coarse masks from saliency maps",
    schema: async () => (await import("../pipeline/zero-shot/settings/commands.ts")).CoarseRunSettings,
    positionals: [
      {
        key: "inputs",
        usage: "[folder]",
        label: "the folder of saliency maps",
        description: "folder with saliency maps, or output folder of `saliency` or `segment`",
      },
    ],
    resumes: true,
  },
  {
    job: "refine",
    summary: "third step: masks from coarse masks, with SAM",
    schema: async () => (await import("../pipeline/zero-shot/settings/commands.ts")).RefineRunSettings,
    positionals: [images],
    resumes: true,
  },
  {
    job: "calibrate",
    summary: "learn from images without a target when segment should say that it is not there",
    schema: async () => (await import("../pipeline/calibrate/settings.ts")).CalibrateSettings,
    resumes: false,
  },
  {
    job: "everything",
    summary: "find all regions of images with SAM, without text: its automatic masks",
    schema: async () => (await import("../pipeline/everything/settings.ts")).EverythingSettings,
    positionals: [images],
    resumes: true,
  },
  {
    job: "embed",
    summary: "compute CLIP embeddings of images and texts, and their similarities",
    schema: async () => (await import("../pipeline/embed/settings.ts")).EmbedSettings,
    positionals: [images],
    resumes: false,
  },
  {
    job: "evaluate",
    summary: "compare masks with ground truth: DSC, IoU, NSD, Hausdorff and mean surface distance",
    schema: async () => (await import("../pipeline/evaluate/settings.ts")).EvaluateSettings,
    resumes: false,
  },
  {
    job: "inspect",
    summary: "say what images, DICOM and NIfTI files or folders hold, and how a model will see it",
    schema: async () => (await import("../pipeline/inspect/settings.ts")).InspectSettings,
    positionals: [
      { key: "inputs", usage: "[inputs...]", label: "a file or folder", description: "files and folders (searched recursively)" },
    ],
    resumes: false,
  },
  {
    job: "convert",
    summary: "turn masks into DICOM SEG, RTSTRUCT, SR, NIfTI or COCO about their images, and such files into masks",
    schema: async () => (await import("../pipeline/convert/settings.ts")).ConvertSettings,
    positionals: [{ key: "file", usage: "[file]", label: "a file to read", description: "DICOM SEG, RTSTRUCT or NIfTI file" }],
    resumes: false,
  },
  {
    job: "retrieve",
    summary: "measure image-text retrieval with a CLIP model, in both directions",
    schema: async () => (await import("../pipeline/retrieve/settings.ts")).RetrieveSettings,
    resumes: false,
  },
  {
    job: "finetune",
    summary: "fine-tune a CLIP model on image-caption pairs, with DHN-NCE or another contrastive loss",
    schema: async () => (await import("../pipeline/finetune/settings.ts")).FinetuneSettings,
    resumes: true,
  },
  {
    job: "finetune-sam",
    summary: "fine-tune a SAM model on images with masks, with box and point prompts like those of the pipeline",
    schema: async () => (await import("../pipeline/finetune-sam/settings.ts")).FinetuneSamSettings,
    resumes: true,
  },
  {
    job: "adapt",
    summary: "adapt a pack to your own images with outlines, and measure the gain on held-out ones",
    schema: async () => (await import("../pipeline/adapt/settings.ts")).AdaptSettings,
    resumes: true,
  },
  {
    job: "weak run",
    summary: "the whole loop: pseudo-labels, training, ensemble masks and uncertainty maps, from images and text prompts",
    schema: async () => (await import("../pipeline/weak/run/settings.ts")).WeakRunSettings,
    positionals: [images],
    resumes: true,
  },
  {
    job: "weak pseudo-label",
    summary: "make a training set from images and text prompts: masks of the pipeline, judged by a quality gate",
    schema: async () => (await import("../pipeline/weak/pseudo-label/settings.ts")).WeakPseudoLabelSettings,
    positionals: [images],
    resumes: true,
  },
  {
    job: "weak plan",
    summary: "plan a 2D nnU-Net for a data set in nnU-Net's layout",
    schema: async () => (await import("../pipeline/weak/plan/settings.ts")).WeakPlanSettings,
    resumes: false,
  },
  {
    job: "weak train",
    summary: "train a 2D nnU-Net on pseudo-labels or true masks",
    schema: async () => (await import("../pipeline/weak/train/settings.ts")).WeakTrainSettings,
    resumes: true,
  },
  {
    job: "weak predict",
    summary: "segment images with a trained nnU-Net, ours or one of nnU-Net v2",
    schema: async () => (await import("../pipeline/weak/predict/settings.ts")).WeakPredictSettings,
    resumes: true,
  },
  {
    job: "weak uncertainty",
    summary: "segment images with an ensemble, and say where and for which images it is uncertain",
    schema: async () => (await import("../pipeline/weak/uncertainty/settings.ts")).WeakUncertaintySettings,
    resumes: true,
  },
  {
    job: "weak export",
    summary: "write a trained nnU-Net as one .onnx file with its model card, for any ONNX Runtime",
    schema: async () => (await import("../pipeline/weak/export/settings.ts")).WeakExportSettings,
    resumes: false,
  },
  {
    job: "prompts list",
    summary: "list the prompt sets that come with the package: P0 to P5 and appearance, for four tasks",
    schema: async () => (await import("../pipeline/prompts/list/settings.ts")).PromptsListSettings,
    resumes: false,
  },
  {
    job: "prompts lint",
    summary:
      "examine text prompts: words of another modality, of no vocabulary or beyond the context, labels in the prompt, keys of no image",
    schema: async () => (await import("../pipeline/prompts/lint/settings.ts")).PromptsLintSettings,
    positionals: [
      {
        key: "file",
        usage: "[file]",
        label: "a JSON file of text prompts",
        description: "text prompts by file name, or prompt sets",
      },
    ],
    resumes: false,
  },
  {
    job: "prompts write",
    summary: "let a language model write the sentences of a prompt set; sends words to an endpoint that you name, never images",
    schema: async () => (await import("../pipeline/prompts/write/settings.ts")).PromptsWriteSettings,
    resumes: false,
  },
  {
    job: "prompt-report",
    summary: "say whether the model reads the sentence or just the picture: right, paraphrased, wrong, empty and senseless text prompts",
    schema: async () => (await import("../pipeline/prompt-report/settings.ts")).PromptReportSettings,
    positionals: [images],
    resumes: false,
  },
  {
    job: "datasets list",
    summary: "list the paper's data sets: where they are described, what to download, and under which licence",
    schema: async () => (await import("../pipeline/datasets/list/settings.ts")).DatasetsListSettings,
    resumes: false,
  },
  {
    job: "datasets prepare",
    summary: "lay out a downloaded data set as the other commands read it: images, masks or captions, and classes by split",
    schema: async () => (await import("../pipeline/datasets/prepare/settings.ts")).DatasetsPrepareSettings,
    positionals: [
      { key: "name", usage: "[name]", label: "the data set", description: "data set, see `datasets list`" },
      {
        key: "folder",
        usage: "[folder]",
        label: "the folder of the data set",
        description: "folder with the downloaded and unpacked files",
      },
    ],
    resumes: true,
  },
  {
    job: "phantom",
    summary: "generate synthetic scans (phantoms) with masks, captions, text prompts and a vocabulary",
    schema: async () => (await import("../pipeline/phantom/settings.ts")).PhantomSettings,
    resumes: true,
  },
  {
    job: "demo",
    summary: "run the full pipeline with the bundled models, on the scans of the pack or on synthetic ones (phantoms)",
    schema: async () => (await import("../pipeline/demo/settings.ts")).DemoSettings,
    resumes: false,
  },
  {
    job: "models pull",
    summary: "download published models into the Hugging Face cache: resumed, checked and pinned",
    schema: async () => (await import("../pipeline/models-pull/settings.ts")).ModelsPullSettings,
    positionals: [{ key: "models", usage: "[models...]", label: "a model", description: "short names, or owner/repository on the hub" }],
    resumes: true,
  },
  {
    job: "models pack",
    summary: "put downloaded models into one file, for machines without network",
    schema: async () => (await import("../pipeline/models-pack/settings.ts")).ModelsPackSettings,
    positionals: [{ key: "models", usage: "[models...]", label: "a model", description: "short names, or owner/repository of the cache" }],
    resumes: false,
  },
  {
    job: "models unpack",
    summary: "check such a file and put its models into the Hugging Face cache, or into a folder",
    schema: async () => (await import("../pipeline/models-pack/settings.ts")).ModelsUnpackSettings,
    positionals: [{ key: "file", usage: "[file]", label: "a bundle", description: "file that `models pack` has written" }],
    resumes: false,
  },
  {
    job: "models init",
    summary: "write a model with seeded random weights, for benchmarks and tests",
    schema: async () => (await import("../pipeline/models-init/settings.ts")).ModelsInitSettings,
    positionals: [{ key: "name", usage: "[name]", label: "the model's name", description: "model to create" }],
    resumes: false,
  },
];
