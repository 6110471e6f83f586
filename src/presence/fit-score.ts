import { crossFitted, type Discriminant } from "./discriminant.ts";
import type { Calibration } from "./judge.ts";
import { fitLogistic } from "./logistic.ts";
import { type Evidence, type LearnedSign, learnedSigns, type PresenceSigns, signNames } from "./signs.ts";

/** A discriminant of fewer targets of either kind would learn their noise. */
const leastLearnedFrom = 10;
/** Of the logistic regression. Signs are many and images few; values between 3 and 30 made little difference. */
const ridge = 10;

/**
 * What makes signs a score: mean and deviation of each in negatives, the learned signs, and the weights.
 *
 * The logistic regression sees learned signs of discriminants that were fitted without the image, see `crossFitted`.
 *
 * @param absent - in random order, as are those of `present`; without either all measured signs weigh the same
 */
export function fitScore(absent: readonly Evidence[], present: readonly Evidence[]): Pick<Calibration, "signs" | "discriminants" | "bias"> {
  const { discriminants, rows } = withLearned(absent, present);
  const [negatives, positives] = [rows.slice(0, absent.length), rows.slice(absent.length)];
  // Where hardly anything is found in negatives, they give no scale.
  const measured = negatives.length >= 2 ? negatives : positives;
  const scales = signNames.map((name) => {
    const values = measured.flatMap((signs) => signs[name] ?? []);
    const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
    return { mean, deviation: Math.sqrt(variance) };
  });
  const standardised = (found: PresenceSigns) =>
    signNames.map((name, i) => {
      const { mean, deviation } = scales[i]!;
      return deviation > 0 ? ((found[name] ?? mean) - mean) / deviation : 0;
    });
  const counting = scales.filter(({ deviation }) => deviation > 0).length;
  const { weights, bias } =
    absent.length > 0 && present.length > 0
      ? fitLogistic(rows.map(standardised), [...absent.map(() => 0 as const), ...present.map(() => 1 as const)], { ridge })
      : { weights: scales.map(() => 1 / Math.sqrt(Math.max(1, counting))), bias: 0 };
  const signs = Object.fromEntries(signNames.map((name, i) => [name, { ...scales[i]!, weight: weights[i]! }])) as Calibration["signs"];
  return { signs, discriminants, bias };
}

/** The discriminants that can be learned, and the signs of all targets with theirs. */
function withLearned(absent: readonly Evidence[], present: readonly Evidence[]) {
  const all = [...absent, ...present];
  const labels = all.map((_, i) => (i < absent.length ? 0 : 1) as 0 | 1);
  const discriminants: Calibration["discriminants"] = {};
  let rows: readonly PresenceSigns[] = all.map(({ signs }) => signs);
  if (Math.min(absent.length, present.length) < leastLearnedFrom) return { discriminants, rows };
  for (const name of learnedSigns) {
    const features = all.flatMap(({ features }) => features[name] ?? []);
    if (features.length < all.length) continue;
    const { discriminant, scores } = crossFitted(features, labels);
    discriminants[name] = stored(discriminant);
    rows = rows.map((signs, i) => withSign(signs, name, scores[i]!));
  }
  return { discriminants, rows };
}

const stored = ({ weights, bias }: Discriminant) => ({ weights: [...weights], bias });
const withSign = (signs: PresenceSigns, name: LearnedSign, value: number): PresenceSigns => ({ ...signs, [name]: value });
