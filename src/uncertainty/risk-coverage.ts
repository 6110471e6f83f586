import { InputError } from "../errors.ts";

/** An image with how uncertain it is said to be and how wrong it is. */
export interface RiskyImage {
  /** Larger is less certain; Infinity is allowed. */
  readonly uncertainty: number;
  /** At least 0, for instance 1 - DSC or 1 - NSD. */
  readonly risk: number;
}

/** What is accepted and how wrong it is, if the most certain images are accepted and the others given to a person. */
export interface RiskCoverage {
  /** After the 1, 2, ... n most certain images; a tie counts as if its images came in random order. */
  readonly points: readonly {
    /** Share of the images that are accepted. */
    readonly coverage: number;
    /** Selective risk: the mean risk of the accepted images. */
    readonly risk: number;
    /** Generalised risk: the risk of the accepted images over all images, that is coverage times selective risk. */
    readonly generalisedRisk: number;
  }[];
  /** Area under the selective risk: its mean over the points. */
  readonly aurc: number;
  /** Excess AURC: AURC less that of the best order, by the risk itself; at least 0. */
  readonly eAurc: number;
  /** Area under the generalised risk, by trapezoids from (0, 0): half the mean risk for a measure that says nothing, less for a better one. */
  readonly augrc: number;
  /** Mean risk of all images: the AURC that a random order is expected to have. */
  readonly meanRisk: number;
}

/**
 * The risk-coverage curve: how well a measure of uncertainty ranks failures.
 *
 * AUGRC, unlike AURC, does not weigh a failure the more the earlier it is ranked. For risks of 0 and 1 with accuracy a it is
 * (1 - AUROC) a (1 - a) + (1 - a)² / 2, where AUROC says how well the uncertainty separates the two.
 *
 * @throws InputError without images, for uncertainties of NaN and risks that are not finite or below 0
 * @see Geifman and El-Yaniv 2017, arXiv:1705.08500, for the curve; Geifman et al. 2019, arXiv:1805.08206, for AURC and its excess;
 *   Traub et al. 2024, arXiv:2407.01032, for AUGRC; Zenk et al. 2025, arXiv:2406.03323, for 1 - DSC as risk
 */
export function riskCoverage(images: readonly RiskyImage[]): RiskCoverage {
  if (images.length === 0) throw new InputError("riskCoverage: at least one image is needed, got none.");
  for (const [i, { uncertainty, risk }] of images.entries()) {
    if (Number.isNaN(uncertainty))
      throw new InputError(`riskCoverage: the uncertainty of image ${i} is NaN. Leave it out, or pass Infinity.`);
    if (!(risk >= 0 && Number.isFinite(risk)))
      throw new InputError(
        `riskCoverage: the risk of image ${i} must be at least 0 and finite, got ${risk}. Leave images without a score out.`,
      );
  }
  const total = images.length;
  const sums = runningSums(risksInOrder(images));
  const best = runningSums(images.map(({ risk }) => risk).sort((a, b) => a - b));
  const points = sums.map((sum, i) => ({ coverage: (i + 1) / total, risk: sum / (i + 1), generalisedRisk: sum / total }));
  const aurc = meanOfMeans(sums);
  const meanRisk = sums[total - 1]! / total;
  const augrc = (sums.reduce((area, sum) => area + sum, 0) - sums[total - 1]! / 2) / total / total;
  return { points, aurc, eAurc: Math.max(0, aurc - meanOfMeans(best)), augrc, meanRisk };
}

/** Risks from the most certain image on; those of a tie are replaced by their mean, which gives each curve's expectation over orders. */
function risksInOrder(images: readonly RiskyImage[]): number[] {
  // Risks, too, are sorted, so that the sum over a tie does not depend on the order given.
  const compared = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
  const sorted = [...images].sort((a, b) => compared(a.uncertainty, b.uncertainty) || compared(a.risk, b.risk));
  const risks: number[] = [];
  while (risks.length < sorted.length) {
    const start = risks.length;
    let end = start;
    let sum = 0;
    for (; end < sorted.length && sorted[end]!.uncertainty === sorted[start]!.uncertainty; end++) sum += sorted[end]!.risk;
    for (let i = start; i < end; i++) risks.push(sum / (end - start));
  }
  return risks;
}

function runningSums(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}

const meanOfMeans = (sums: readonly number[]): number => sums.reduce((area, sum, i) => area + sum / (i + 1), 0) / sums.length;
