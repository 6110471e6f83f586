import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { evaluationOf } from "../pipeline/weak/uncertainty/evaluation.ts";
import type { UncertaintyResults } from "../pipeline/weak/uncertainty/results.ts";
import { inReviewOrder, type ScoredCase } from "../pipeline/weak/uncertainty/scores.ts";
import { sectionsOf } from "./uncertainty-report.ts";

const scored = (name: string, pairwiseDice: number, dsc: number): ScoredCase & { file: string } => ({
  ...{ name, file: `${name}.png`, areaPx: 9 },
  scores: { edgeScore: 1, meanEntropy: 0.1, foregroundEntropy: null, meanMutualInformation: 0, pairwiseDice },
  dscRange: { predicted: dsc, low: 0.25, high: 1 },
  truth: { dsc, nsd: dsc, surfaceNsd: dsc },
  calibration: null,
});
const cases = [scored("good", 0.95, 0.9), scored("<bad>", 0.5, 0.4)];
const header: UncertaintyResults["header"] = { command: "weak uncertainty", settings: {}, versions: {}, weights: {} };
const temperature = { temperature: 1.5, nllBefore: 1, nllAfter: 0.5, pixels: 10, isAtBound: false };
const curve = { uncertainties: [0], scores: [1] };
const range = { measure: "pairwiseDice", curve, seed: 1, coverage: 0.9, images: 9, needed: 9, isTooSmall: false, margin: 0.125 } as const;
const results: UncertaintyResults = {
  header,
  calibration: { masksUsed: 18, temperature, dscRange: range },
  evaluation: evaluationOf(cases),
  review: inReviewOrder(cases),
};

test("the review list begins with the image on which the members agree least, with its pictures", () => {
  const html = sectionsOf(results, new Map([["<bad>", { mask: "data:,mask", entropy: "data:,entropy" }]]));
  const { document } = parseHTML(html);
  expect([...document.querySelectorAll(".pairs img")].map((image) => image.getAttribute("src"))).toEqual(["data:,mask", "data:,entropy"]);
  expect(document.querySelector("figcaption:last-of-type")).not.toBeNull();
  expect(html).toContain("1. &lt;bad&gt;: members agree by 0.500; expected DSC 0.40 (0.25 to 1.00); DSC 0.400");
  expect(html).toContain("and 1 more: see the table");
  const names = [...document.querySelectorAll(".results tbody td:first-child")].map(({ textContent }) => textContent);
  expect(names).toEqual(["<bad>", "good"]);
});

test("what was fitted on how many masks is said, and each score's AURC", () => {
  const html = sectionsOf(results, new Map());
  expect(html).toContain("18 masks used");
  expect(html).toContain("Temperature 1.500");
  expect(html).toContain("DSC of at least 90 % of new images from the same source lies within 0.125 of what is expected");
  expect(html).toContain("<td>pairwiseDice</td><td>0.2250</td><td>0.0000</td>"); // (0.1 + 0.35) / 2, the best order
  const nothing = { masksUsed: 0, temperature: null, dscRange: null };
  const bare = sectionsOf({ ...results, calibration: nothing, evaluation: undefined }, new Map());
  expect(bare).toContain("0 masks used: settings were chosen on no true masks");
  expect(bare).not.toContain("true label maps</h2>");
});
