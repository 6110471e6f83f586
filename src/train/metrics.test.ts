import { expect, test } from "vitest";
import { isBetter, metricOf, shownMetric } from "./metrics.ts";

test("a lower loss and a higher overlap or recall are better, equal ones are not, in groups, too", () => {
  expect(isBetter("loss", -2, -1)).toBe(true);
  expect(isBetter("loss", -1, -2)).toBe(false);
  expect(isBetter("dsc_lung", 0.6, 0.5)).toBe(true);
  expect(isBetter("text_to_image_recall_at_10", 0.5, 0.5)).toBe(false);
});

test("names have titles; a group is named after its metric", () => {
  expect(metricOf("image_to_text_recall_at_5").title).toBe("image to text R@5");
  expect(metricOf("dsc_left_lung")).toMatchObject({ title: "DSC of left_lung", chart: { label: "left_lung" } });
  expect([shownMetric("dsc", 0.51234), shownMetric("image_to_text_recall_at_1", 0.125)]).toEqual(["0.5123", "12.5 %"]);
});
