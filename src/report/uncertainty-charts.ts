import type { Calibration, CalibrationClaim, RiskCoverage } from "../uncertainty/index.ts";
import { colours, type TitledChart } from "./_figure.ts";

const frequencies: Readonly<Record<CalibrationClaim, string>> = {
  confidence: "share of pixels whose most probable class is right",
  foreground: "share of pixels that are foreground",
};

/**
 * A reliability diagram: how often what is said with a probability is so. Below the diagonal the maps are too certain.
 *
 * @param calibrations - by name, for instance before and after temperature scaling; all of one claim
 */
export function reliabilityChart(calibrations: Readonly<Record<string, Calibration>>): TitledChart {
  const claim = Object.values(calibrations)[0]?.claim ?? "confidence";
  const lines = Object.entries(calibrations).map(([name, { bins, ece }], i) => ({
    name: `${name} (ECE ${ece.toFixed(3)})`,
    points: bins.flatMap(({ probability, frequency }) =>
      probability === null || frequency === null ? [] : [{ x: probability, y: frequency }],
    ),
    colour: colourOf(i),
    marked: true,
  }));
  const diagonal = [0, 1].map((share) => ({ x: share, y: share }));
  return {
    title: "Reliability",
    x: claim === "confidence" ? "probability of the most probable class" : "probability of foreground",
    y: frequencies[claim],
    lines: [{ name: "perfect calibration", points: diagonal, colour: colours.faint, opacity: 0.7 }, ...lines],
    xRange: [0, 1],
    yRange: [0, 1],
  };
}

/**
 * Risk-coverage curves of several measures on the same images: the mean risk of those that are accepted. Lower is better; a measure that says
 * nothing is level at the mean risk.
 *
 * @param curves - by the name of the measure
 * @param options.risk - what the risk is, for instance "1 - DSC"
 */
export function riskCoverageChart(curves: Readonly<Record<string, RiskCoverage>>, options: { readonly risk: string }): TitledChart {
  const { risk } = options;
  const lines = Object.entries(curves).map(([name, { points, aurc }], i) => ({
    name: `${name} (AURC ${aurc.toFixed(3)})`,
    points: points.map(({ coverage, risk: y }) => ({ x: coverage, y })),
    colour: colourOf(i),
  }));
  const mean = Object.values(curves)[0]?.meanRisk ?? 0;
  const level = [0, 1].map((coverage) => ({ x: coverage, y: mean }));
  return {
    title: `Risk (${risk}) over coverage`,
    x: "share of images accepted, most certain first",
    y: `mean ${risk} of accepted images`,
    lines: [{ name: "all images", points: level, colour: colours.faint, opacity: 0.7 }, ...lines],
    fromZero: true,
    xRange: [0, 1],
  };
}

const inTurn = [colours.first, colours.second, colours.third, colours.fourth, colours.fifth];
const colourOf = (i: number): string => inTurn[i % inTurn.length]!;
