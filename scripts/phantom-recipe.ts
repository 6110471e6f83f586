/** Flags of a command, in camelCase. */
type Settings = Readonly<Record<string, string | number | boolean>>;

/** How the phantom pack is made. */
export interface PackRecipe {
  /** `count` of each modality; SAM meets the coarse masks of the first `prompted` of each. */
  readonly phantoms: { readonly seed: number; readonly count: number; readonly prompted: number };
  readonly clip: { readonly sizes: object; readonly training: Settings };
  readonly sam: { readonly sizes: object; readonly training: Settings };
  /** Settings of `segment` that suit both. */
  readonly defaults: Settings;
  readonly notice: string;
}

const notice =
  "demonstration model: small networks trained on synthetic images alone (the phantom pack). It shows the way of the method; its masks of real images mean nothing.";

/** A vision transformer of 14 x 14 patches beside a text tower of two layers: 1.6 million numbers. */
const clipSizes = {
  imageSize: 112,
  patch: 8,
  width: 128,
  depth: 6,
  heads: 4,
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
  epochs: 6,
  validation: 0,
  weightDecay: 0.05,
  clipNorm: 5,
  regionWeight: 20,
  denseWeight: 40,
  noisedWeight: 20,
  regionScale: 10,
  regionBias: -3,
};

const full: PackRecipe = {
  phantoms: { seed: 1, count: 1500, prompted: 400 },
  clip: { sizes: clipSizes, training: clipTraining },
  sam: { sizes: samSizes, training: {} },
  defaults: { layer: 1, beta: 0.03, samples: 4, classToken: "noise", fit: "squash", visualPrompt: "box" },
  notice,
};

/** Everything a hundred times smaller, to try the way. */
const minute: PackRecipe = {
  ...full,
  phantoms: { seed: 1, count: 12, prompted: 2 },
  clip: { ...full.clip, training: { ...clipTraining, epochs: 1, batch: 8, chunk: 8, warmup: 4 } },
};

export const packRecipes = { full, minute } as const;
