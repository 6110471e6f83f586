/** Flags of a command, in camelCase. */
export type Settings = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** How the phantom pack is made. */
export interface PackRecipe {
  /** `count` of each modality; SAM meets the coarse masks of the first `prompted` of each. */
  readonly phantoms: { readonly seed: number; readonly count: number; readonly prompted: number };
  readonly clip: { readonly sizes: object; readonly training: Settings };
  /**
   * `training` from nothing, of the single answer; then `finish`, of what that leaves out: the candidate masks and what IoU to expect. `coarse`
   * cuts the maps into the masks that it meets.
   */
  readonly sam: { readonly sizes: object; readonly coarse: Settings; readonly training: Settings; readonly finish: Settings };
  /** Settings of `segment` that suit both, by its steps; chosen on phantoms that are neither trained on nor reported. */
  readonly defaults: { readonly saliency: Settings; readonly coarse: Settings; readonly refine: Settings };
  readonly notice: string;
  /** The same in two words, for pictures. */
  readonly label: string;
}

const label = "demonstration model";
const notice =
  "demonstration model: small networks trained on drawn scans alone (the phantom pack). It shows how the method works; rely on none of its masks, least of all on those of real images.";

/** A vision transformer of 14 x 14 patches beside a text tower of two layers: 1.6 million numbers. */
const clipSizes = {
  imageSize: 112,
  patch: 8,
  width: 128,
  depth: 6,
  heads: 2,
  embed: 128,
  text: { width: 128, depth: 2, heads: 4, mlpWidth: 256, positions: 64 },
};

const samSizes = {
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

/** What both parts of the training of SAM share: boxes as bad as those of coarse masks, and all structures equally often. */
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

/** All that the single answer of SAM depends on. */
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
    // `patch-text` asks for no block and no β; these are for who asks for another method.
    saliency: { saliencyMethod: "patch-text", layer: 4, beta: 0.03, samples: 4, fit: "squash" },
    coarse: { coarseMethod: "threshold", threshold: 0.75, keep: 2, minSaliency: 0.8 },
    refine: { visualPrompt: "box", perComponent: true },
  },
  notice,
  label,
};

/** Everything a hundred times smaller, to try the way. */
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
