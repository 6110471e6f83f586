import { throwIfCancelled } from "../errors.ts";
import { areaPx, type Box, dscOf, iouOf, type Mask, type MaskStack, overlap, setSlice, sliceOf } from "../image/index.ts";

/** How sure the models are of a slice's own mask, each in [0, 1]. */
export interface SliceConfidence {
  /** The IoU that SAM predicts for its mask. */
  readonly iou: number;
  /** How little the mask changes with the threshold of its logits. */
  readonly stability?: number | undefined;
  /** How likely the slice shows the target. */
  readonly presence?: number | undefined;
}

/** What the next slice is prompted with: the slice beside it. */
export interface SlicePrompt {
  /** Round the mask, with a margin. */
  readonly box: Box;
  readonly mask: Mask;
}

/** A mask of a slice, and how sure the model is of it, in [0, 1]. */
export interface SlicePrediction {
  readonly mask: Mask;
  readonly score: number;
}

export interface PropagationOptions {
  /** A slice of at least this confidence may be a seed; default 0.7. The surest slice always is one. */
  readonly seedConfidence?: number | undefined;
  /** A prediction of a lower score is not followed; default 0.5. */
  readonly minScore?: number | undefined;
  /** Largest ratio of the areas of neighbouring slices, either way; default 2. */
  readonly maxAreaRatio?: number | undefined;
  /** Smallest IoU of neighbouring slices; default 0.3. */
  readonly minOverlap?: number | undefined;
  /** A slice's own mask stays where its DSC with the prediction is at least this; default 0.9. */
  readonly keepAgreement?: number | undefined;
  /** Pixels round the box, as a share of its longer side; default 0.05. */
  readonly boxMargin?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Why a slice was not taken over from its neighbour. */
export type StopReason = "empty" | "low score" | "area jump" | "low overlap";

export interface PropagationStep {
  readonly slice: number;
  /** The slice that it was prompted by. */
  readonly from: number;
  readonly score: number;
}

/** What propagation made of a stack. */
export interface Propagation {
  readonly stack: MaskStack;
  /** Slices that were taken as they are, ascending. */
  readonly seeds: readonly number[];
  /** Slices whose mask was replaced, in the order in which it happened. */
  readonly changed: readonly PropagationStep[];
  /** Where it ended, and why. The mask of the slice stays what it was, unless the other side reaches it. */
  readonly stops: readonly (PropagationStep & { readonly reason: StopReason })[];
}

/**
 * Makes the slices of a volume agree: masks go from slices of which the models are sure to their neighbours, as a box and a mask prompt.
 *
 * Seeds are the surest slice (the product of its confidences; an empty mask has none) and all others that are sure enough and overlap a neighbour's
 * mask, so that a find in one slice alone seeds nothing. Then, again and again, the surest slice with a neighbour that is not yet settled prompts it.
 * The prediction is followed if it is not empty, its score is high enough, its area does not jump, and it overlaps the slice that
 * prompted it; else propagation ends there, and the neighbour keeps its own mask. A slice that was followed is as sure as its score, but no
 * surer than the slice before, and prompts in its turn. Where its own mask agrees with the prediction it stays.
 *
 * The order depends on the confidences alone (ties: the lower slice), so the same input gives the same result. Each slice is predicted at most
 * twice, once from either side. The given stack is not changed.
 *
 * @param confidences - one for each slice; undefined where the models found nothing
 * @param predict - segments a slice by the prompt; called one at a time
 * @throws CancelledError when the signal fires
 */
export async function propagate(
  stack: MaskStack,
  confidences: readonly (SliceConfidence | undefined)[],
  predict: (slice: number, prompt: SlicePrompt) => Promise<SlicePrediction>,
  options: PropagationOptions = {},
): Promise<Propagation> {
  const limits = { ...defaults, ...definedOf(options) };
  const result: MaskStack = { ...stack, data: stack.data.slice() };
  const own = Array.from({ length: stack.slices }, (_, slice) => confidenceOf(sliceOf(stack, slice), confidences[slice]));
  const seeds = seedsOf(stack, own, limits);
  const sureness: (number | undefined)[] = own.map((value, slice) => (seeds.includes(slice) ? value : undefined));
  const tried = new Set<string>(); // "from>slice"
  const changed: PropagationStep[] = [];
  const stops: (PropagationStep & { reason: StopReason })[] = [];
  for (;;) {
    const next = nextStep(sureness, tried);
    if (!next) break;
    throwIfCancelled(options.signal);
    const { from, slice } = next;
    tried.add(`${from}>${slice}`);
    const before = sliceOf(result, from);
    const { mask, score } = await predict(slice, {
      box: boxAround(before, limits.boxMargin),
      mask: { ...before, data: before.data.slice() },
    });
    const reason = stopOf(before, mask, score, limits);
    if (reason) {
      stops.push({ slice, from, score, reason });
      continue;
    }
    sureness[slice] = Math.min(score, sureness[from]!);
    const present = sliceOf(result, slice);
    if (dscOf(overlap(present, mask)) >= limits.keepAgreement) continue;
    setSlice(result, slice, mask);
    changed.push({ slice, from, score });
  }
  return { stack: result, seeds, changed, stops };
}

const defaults = { seedConfidence: 0.7, minScore: 0.5, maxAreaRatio: 2, minOverlap: 0.3, keepAgreement: 0.9, boxMargin: 0.05 };
type Limits = typeof defaults;

const definedOf = ({ signal: _, ...limits }: PropagationOptions): Partial<Limits> =>
  Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));

function confidenceOf(mask: Mask, confidence: SliceConfidence | undefined): number {
  if (confidence === undefined || areaPx(mask) === 0) return 0;
  return confidence.iou * (confidence.stability ?? 1) * (confidence.presence ?? 1);
}

function seedsOf(stack: MaskStack, own: readonly number[], { seedConfidence, minOverlap }: Limits): number[] {
  const surest = own.reduce((best, value, slice) => (value > (own[best] ?? 0) ? slice : best), -1);
  const overlaps = (slice: number, other: number): boolean =>
    other >= 0 && other < stack.slices && iouOf(overlap(sliceOf(stack, slice), sliceOf(stack, other))) >= minOverlap;
  return own.flatMap((value, slice) => {
    const isSure = value > 0 && value >= seedConfidence && (overlaps(slice, slice - 1) || overlaps(slice, slice + 1));
    return isSure || slice === surest ? [slice] : [];
  });
}

/** The surest settled slice that has a neighbour to prompt. */
function nextStep(sureness: readonly (number | undefined)[], tried: ReadonlySet<string>): { from: number; slice: number } | undefined {
  let best: { from: number; slice: number } | undefined;
  for (const [from, value] of sureness.entries()) {
    if (value === undefined || (best && value <= sureness[best.from]!)) continue;
    const slice = [from - 1, from + 1].find(
      (to) => to >= 0 && to < sureness.length && sureness[to] === undefined && !tried.has(`${from}>${to}`),
    );
    if (slice !== undefined) best = { from, slice };
  }
  return best;
}

function stopOf(before: Mask, mask: Mask, score: number, { minScore, maxAreaRatio, minOverlap }: Limits): StopReason | undefined {
  const shared = overlap(mask, before);
  if (shared.maskPx === 0) return "empty";
  if (!(score >= minScore)) return "low score";
  if (shared.maskPx > maxAreaRatio * shared.truthPx || shared.truthPx > maxAreaRatio * shared.maskPx) return "area jump";
  return iouOf(shared) < minOverlap ? "low overlap" : undefined;
}

/** The box of a mask that is not empty, `margin` of its longer side larger on each, within the image. */
function boxAround({ width, height, data }: Mask, margin: number): Box {
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] === 0) continue;
      if (x < x0) x0 = x;
      if (x >= x1) x1 = x + 1;
      if (y < y0) y0 = y;
      y1 = y + 1;
    }
  }
  const by = Math.ceil(margin * Math.max(x1 - x0, y1 - y0));
  return { x0: Math.max(0, x0 - by), y0: Math.max(0, y0 - by), x1: Math.min(width, x1 + by), y1: Math.min(height, y1 + by) };
}
