import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { foregroundRow } from "../../test/support/class-maps.ts";
import { addCalibration, calibrationOf, riskCoverage, startCalibration } from "../uncertainty/index.ts";
import { figure } from "./_figure.ts";
import { reliabilityChart, riskCoverageChart } from "./uncertainty-charts.ts";

const sums = startCalibration({ bins: 4, claim: "foreground" });
addCalibration(sums, foregroundRow(0.125, 0.125, 0.75, 0.75), { kind: "labels", width: 4, height: 1, data: Int16Array.of(0, 0, 0, 1) });

test("a reliability diagram has a point for each bin with pixels, and the diagonal", () => {
  const chart = reliabilityChart({ "before <scaling>": calibrationOf(sums) });
  expect(chart.lines[1]!.points).toEqual([
    { x: 0.125, y: 0 },
    { x: 0.75, y: 0.5 },
  ]);
  const html = figure(chart);
  const { document } = parseHTML(html);
  expect(document.querySelectorAll("circle")).toHaveLength(2);
  expect(document.querySelector(".legend")!.textContent).toBe("perfect calibrationbefore <scaling> (ECE 0.188)");
  expect([...document.querySelectorAll("svg text")].map(({ textContent }) => textContent)).toEqual(
    expect.arrayContaining(["0.0", "0.2", "1.0"]),
  );
});

test("risk-coverage curves end at the mean risk of all images", () => {
  const images = [0.1, 0.5, 0.3].map((risk, i) => ({ uncertainty: i, risk }));
  const chart = riskCoverageChart({ entropy: riskCoverage(images) }, { risk: "1 - DSC" });
  const [level, curve] = chart.lines;
  expect(curve!.points.at(-1)!.y).toBeCloseTo(level!.points[0]!.y, 12);
  expect(parseHTML(figure(chart)).document.querySelector("svg")!.getAttribute("aria-label")).toContain(
    "mean 1 - DSC of accepted images by",
  );
});
