/** The learning rate of a step, counted from 0. */
export type Schedule = (step: number) => number;

interface WarmUp {
  /** The highest learning rate. */
  readonly base: number;
  /** Steps over which the rate rises from base / warmup to base, in a line. */
  readonly warmup: number;
}

const rising = ({ base, warmup }: WarmUp, step: number): number => (base * (step + 1)) / warmup;

/** Warm-up, then half a cosine down to 0 at `total` steps. @see Loshchilov and Hutter 2017, arXiv:1608.03983 */
export function cosine(options: WarmUp & { readonly total: number }): Schedule {
  const { base, warmup, total } = options;
  return (step) => (step < warmup ? rising(options, step) : 0.5 * base * (1 + Math.cos((Math.PI * (step - warmup)) / (total - warmup))));
}

/** Warm-up, then constant. */
export function constantRate(options: WarmUp): Schedule {
  return (step) => (step < options.warmup ? rising(options, step) : options.base);
}

/** Warm-up, then constant, then down to `end` over the last `cooldown` of `total` steps as the given power of what is left. */
export function constantWithCooldown(
  options: WarmUp & { readonly total: number; readonly cooldown: number; readonly power?: number; readonly end?: number },
): Schedule {
  const { base, warmup, total, cooldown, power = 1, end = 0 } = options;
  return (step) => {
    if (step < warmup) return rising(options, step);
    const cooled = step - (total - cooldown);
    return cooled < 0 ? base : end + (base - end) * (1 - cooled / cooldown) ** power;
  };
}

/** Multiplied by `factor` at the start of each epoch but the first. */
export function halvedEachEpoch({ base, stepsPerEpoch, factor = 0.5 }: { base: number; stepsPerEpoch: number; factor?: number }): Schedule {
  return (step) => base * factor ** Math.floor(step / stepsPerEpoch);
}

/** The loss below which an epoch counts as better than the best one, by a small threshold. */
const limits = {
  /** Lower by a share of the best's magnitude. */
  relative: (best: number, threshold: number) => best * (1 - Math.sign(best) * threshold),
  absolute: (best: number, threshold: number) => best - threshold,
  /** The relative mode of torch: a share of the best with its sign, so that below 0, where a contrastive loss can be, slightly worse counts as better. */
  torch: (best: number, threshold: number) => best * (1 - threshold),
} as const;
export type ThresholdMode = keyof typeof limits;

export interface PlateauOptions {
  readonly factor?: number;
  /** Epochs without improvement (patience): the rate is reduced at the next one. */
  readonly patience?: number;
  /** By how much a loss must be lower than the best to count as better; see `thresholdMode`. */
  readonly threshold?: number;
  readonly thresholdMode?: ThresholdMode;
  /** Epochs after a reduction in which epochs without improvement are not counted. */
  readonly cooldown?: number;
  readonly minimum?: number;
}

/** Where "halve on plateau" stands between two epochs; plain numbers, to be kept in a checkpoint. */
export interface Plateau {
  readonly lr: number;
  /** null before the first epoch, as JSON has no infinity. */
  readonly best: number | null;
  readonly bad: number;
  readonly cooling: number;
}

/** Before the first epoch. */
export function plateauAt(lr: number): Plateau {
  return { lr, best: null, bad: 0, cooling: 0 };
}

/** Smaller changes of the learning rate are skipped, as in torch. */
const smallestChange = 1e-8;

/**
 * After an epoch: reduces the learning rate when the loss has not improved for more than `patience` epochs.
 *
 * @see torch.optim.lr_scheduler.ReduceLROnPlateau, whose rules these are, but for losses below 0: see `torch` of the threshold modes
 */
export function afterEpoch(before: Plateau, loss: number, options: PlateauOptions = {}): Plateau {
  const { factor = 0.5, patience = 0, threshold = 1e-4, thresholdMode = "relative", cooldown = 0, minimum = 0 } = options;
  const isBetter = loss < (before.best === null ? Number.POSITIVE_INFINITY : limits[thresholdMode](before.best, threshold));
  const isCooling = before.cooling > 0;
  const bad = isBetter || isCooling ? 0 : before.bad + 1;
  const state = { lr: before.lr, best: isBetter ? loss : before.best, bad, cooling: isCooling ? before.cooling - 1 : 0 };
  if (bad <= patience) return state;
  const lower = Math.max(before.lr * factor, minimum);
  return { ...state, lr: before.lr - lower > smallestChange ? lower : before.lr, bad: 0, cooling: cooldown };
}
