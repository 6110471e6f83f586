import { z } from "zod";
import { type PresenceSigns, signNames } from "./signs.ts";

const Sign = z.strictObject({
  /** Of the images without the target. */
  mean: z.number(),
  /** Standard deviation of the same; 0 for a sign that is always the same and does not count. */
  deviation: z.number().nonnegative(),
  /** Per standard deviation. */
  weight: z.number(),
});

/** How signs become a score, and from which score on a target counts as present. */
export const Calibration = z.strictObject({
  version: z.literal(1),
  signs: z.strictObject(Object.fromEntries(signNames.map((name) => [name, Sign])) as Record<(typeof signNames)[number], typeof Sign>),
  bias: z.number(),
  /** A target with a score above it counts as present. */
  threshold: z.number(),
  /** Share of images without the target that may be above it, on average over calibration sets. */
  falseAlarms: z.number().gt(0).lt(1),
  /** Whether the weights were fitted to images with and without the target, or are equal. */
  weights: z.enum(["fitted", "equal"]),
});
export type Calibration = z.infer<typeof Calibration>;

/** Whether a target is in an image, as far as a calibration tells. */
export interface Judgement {
  /** Log-odds where weights were fitted; else the mean of standardised signs, times √K. `null`: nothing was found that could be judged. */
  readonly score: number | null;
  readonly isPresent: boolean;
}

/** The score of signs by a calibration. */
export function scoreOf({ signs, bias }: Pick<Calibration, "signs" | "bias">, found: PresenceSigns): number {
  return signNames.reduce((sum, name) => {
    const { mean, deviation, weight } = signs[name];
    return deviation > 0 ? sum + (weight * (found[name] - mean)) / deviation : sum;
  }, bias);
}

/** @param signs - undefined where a step before found nothing */
export function judge(calibration: Calibration, signs: PresenceSigns | undefined): Judgement {
  if (!signs) return { score: null, isPresent: false };
  const score = scoreOf(calibration, signs);
  return { score, isPresent: score > calibration.threshold };
}
