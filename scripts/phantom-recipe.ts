import type { Settings } from "./pack-stages.ts";

/** How the phantom pack is trained. */
export interface PackRecipe {
  /** `count` per modality; SAM is trained on the coarse masks of the first `prompted` of each. */
  readonly phantoms: { readonly seed: number; readonly count: number; readonly prompted: number };
  readonly clip: { readonly sizes: object; readonly training: Settings };
  /**
   * `training` trains the single-mask output from scratch; then `finish` trains the candidate masks and the IoU prediction. `coarse` makes the
   * coarse masks for training from saliency maps.
   */
  readonly sam: { readonly sizes: object; readonly coarse: Settings; readonly training: Settings; readonly finish: Settings };
  /** Settings of `segment` for these models, by step; chosen on validation phantoms. */
  readonly defaults: { readonly saliency: Settings; readonly coarse: Settings; readonly refine: Settings };
  readonly notice: string;
  /** A short form for pictures. */
  readonly label: string;
}

const label = "demonstration model";
const notice =
  "demonstration model: small networks trained only on synthetic scans (the phantom pack). It demonstrates the method; do not rely on its masks, least of all on real images.";

/** A vision transformer with 14 x 14 patches and a text tower of two layers: 1.6 M parameters. */
const clipSizes = {
  imageSize: 112,
  patch: 8,
  width: 128,
  depth: 6,
  heads: 2,
  embed: 128,
  text: { width: 128, depth: 2, heads: 4, mlpWidth: 256, positions: 64 },
};

/** A SAM of 1.5 M parameters; the starter pack has the same. */
export const samSizes = {
  imageSize: 256,
  patch: 16,
  width: 128,
  depth: 4,
  heads: 4,
  globalBlocks: [0, 1, 2, 3],
  window: 14,
  outChannels: 96,
  decoder: { innerWidth: 48, mlpWidth: 384, iouWidth: 96 },
};

const clipTraining: Settings = {
  loss: "dhn-nce",
  temperature: 0.3,
  lr: 1.5e-3,
  schedule: "cosine",
  warmup: 200,
  batch: 32,
  chunk: 32,
  epochs: 5,
  validation: 0,
  weightDecay: 0.05,
  clipNorm: 5,
  regionWeight: 20,
  denseWeight: 40,
  noisedWeight: 20,
  regionScale: 10,
  regionBias: -3,
};

/** Shared by both stages of SAM's training: boxes as inaccurate as those of coarse masks, and all structures equally often. */
const samPrompts: Settings = {
  batch: 8,
  prompts: 4,
  validation: 0.02,
  schedule: "cosine",
  clipNorm: 5,
  boxShare: 0.6,
  bothShare: 0.3,
  maxJitter: 100,
  coarseShare: 0.5,
  distortedShare: 0.5,
};

/** All parameters that the single-mask output of SAM depends on. */
const answering = [
  "mask_decoder.transformer.*",
  "mask_decoder.output_upscaling.*",
  "mask_decoder.mask_tokens.*",
  "mask_decoder.iou_token.*",
  "mask_decoder.output_hypernetworks_mlps.0.*",
];

const full: PackRecipe = {
  phantoms: { seed: 1, count: 1500, prompted: 800 },
  clip: { sizes: clipSizes, training: clipTraining },
  sam: {
    sizes: samSizes,
    coarse: { coarseMethod: "threshold", threshold: 0.7, keep: 2, minSaliency: 0.8 },
    training: {
      ...samPrompts,
      trainEncoder: true,
      trainPromptEncoder: true,
      loss: "medsam",
      lr: 1.2e-3,
      warmup: 100,
      steps: 3000,
      epochSteps: 500,
    },
    finish: { ...samPrompts, freeze: answering, loss: "sam", masks: "both", lr: 1e-3, warmup: 30, steps: 600, epochSteps: 600 },
  },
  defaults: {
    // `patch-text` does not use layer, β and samples; these are defaults for the other methods.
    saliency: { saliencyMethod: "patch-text", layer: 4, beta: 0.03, samples: 4, fit: "squash" },
    coarse: { coarseMethod: "threshold", threshold: 0.75, keep: 2, minSaliency: 0.8 },
    refine: { visualPrompt: "box", perComponent: true },
  },
  notice,
  label,
};

/** A hundred times smaller, to test the script. */
const minute: PackRecipe = {
  ...full,
  phantoms: { seed: 1, count: 12, prompted: 2 },
  clip: { ...full.clip, training: { ...clipTraining, epochs: 1, batch: 8, chunk: 8, warmup: 4 } },
  sam: {
    ...full.sam,
    training: { ...full.sam.training, steps: 6, epochSteps: 6, warmup: 2, validation: 0.1 },
    finish: { ...full.sam.finish, steps: 2, epochSteps: 2, warmup: 0, validation: 0.1 },
  },
};

export const packRecipes = { full, minute } as const;
