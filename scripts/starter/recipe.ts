import type { Settings } from "../pack-stages.ts";
import { samSizes } from "../phantom-recipe.ts";

/** How the starter pack is trained. */
export interface StarterRecipe {
  /** Images of each kind of scan that are used; undefined: all. */
  readonly images?: number;
  readonly clip: { readonly sizes: object; readonly training: Settings; readonly stages: readonly Settings[] };
  readonly sam: { readonly sizes: object; readonly stages: readonly Settings[] };
  /** Settings of `segment` for these models, by step. */
  readonly defaults: { readonly saliency: Settings; readonly coarse: Settings; readonly refine: Settings };
}

/** A vision transformer of 14 x 14 patches beside a convolutional branch that gives 56 x 56 features: 3.4 M parameters. */
const clipSizes = {
  imageSize: 224,
  patch: 16,
  width: 192,
  depth: 4,
  heads: 3,
  embed: 128,
  dense: { channels: [16, 32, 64, 128], stride: 4 },
  text: { width: 128, depth: 2, heads: 4, mlpWidth: 256, positions: 64 },
};

const clipTraining: Settings = {
  validation: 0,
  batch: 16,
  chunk: 16,
  schedule: "cosine",
  clipNorm: 5,
  weightDecay: 0.05,
  loss: "dhn-nce",
  temperature: 0.3,
  regionWeight: 5,
  regionScale: 10,
  regionBias: -3,
  denseWeight: 20,
  diceWeight: 2,
  augment: "strong",
  emptyCrops: 0.1,
};

const samTraining: Settings = {
  batch: 8,
  prompts: 4,
  validation: 0,
  schedule: "cosine",
  clipNorm: 5,
  boxShare: 0.7,
  bothShare: 0.2,
  maxJitter: 60,
  coarseShare: 0.7,
  distortedShare: 0.5,
  maskShare: 0.8,
  trainEncoder: true,
  trainPromptEncoder: true,
  loss: "medsam",
  warmup: 100,
  augment: "strong",
};

const full: StarterRecipe = {
  clip: {
    sizes: clipSizes,
    training: clipTraining,
    stages: [
      { epochs: 5, lr: 1e-3, warmup: 150 },
      { epochs: 5, lr: 7e-4, warmup: 50 },
      // What is absent is learned last, with more crops beside the targets.
      { epochs: 6, lr: 7e-4, warmup: 50, presenceWeight: 10, emptyCrops: 0.3 },
    ],
  },
  sam: { sizes: samSizes, stages: [{ ...samTraining, lr: 1.2e-3, steps: 6000, epochSteps: 500 }] },
  defaults: {
    saliency: { saliencyMethod: "dense-text", fit: "squash", presence: 0.5 },
    coarse: { coarseMethod: "threshold", threshold: 0.5, keep: 4 },
    refine: { visualPrompt: "box", maskPrompt: true },
  },
};

/** A small part of everything, to test the script. */
const minute: StarterRecipe = {
  ...full,
  images: 4,
  clip: {
    ...full.clip,
    training: { ...clipTraining, batch: 4, chunk: 4 },
    stages: [
      { epochs: 1, lr: 1e-3, warmup: 2 },
      { epochs: 1, lr: 5e-4 },
    ],
  },
  sam: { ...full.sam, stages: [{ ...samTraining, batch: 2, prompts: 2, lr: 1e-3, warmup: 1, steps: 3, epochSteps: 3 }] },
};

export const starterRecipes = { full, minute } as const;
