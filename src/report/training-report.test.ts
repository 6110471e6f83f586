import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import type { TrainingFile, TrainingResult } from "../pipeline/training/record.ts";
import type { EpochLine, StepLine } from "../train/index.ts";
import { lineChart } from "./line-chart.ts";
import { trainingPage } from "./training-report.ts";

const run: TrainingFile = {
  notice: "Research use only.",
  command: "finetune",
  settings: { pairs: ["a<b>&c.csv"], epochs: 2, lr: 1e-3 },
  versions: { node: "20" },
  weights: { clip: { file: "model.safetensors", sha256: "abc" } },
  counts: { train: 12, validation: 4, shared: 0, dropped: { short: 3 }, truncated: 0 },
  stepsPerEpoch: 2,
  trainedSize: 10,
  failed: [],
  result: { steps: 4, epochs: 2, best: { epoch: 2, scores: { loss: 1.25 } }, chosenBy: "loss", isImproved: true, isStopped: false },
};
const steps: StepLine[] = [1, 2, 3, 4].map((step) => ({
  ...{
    step,
    epoch: Math.ceil(step / 2),
    loss: 2 - step / 4,
    lr: 1e-3,
    gradNorm: 1,
    metrics: { logit_scale: 4 },
    rate: { value: 9, unit: "pair" },
  },
}));
const recalls = {
  ...{ image_to_text_recall_at_1: 0.25, image_to_text_recall_at_5: 0.5, image_to_text_recall_at_10: 1 },
  ...{ text_to_image_recall_at_1: 0, text_to_image_recall_at_5: 0.5, text_to_image_recall_at_10: 1 },
};
const epochs: EpochLine[] = [0, 1, 2].map((epoch) => ({
  epoch,
  step: 2 * epoch,
  metrics: { loss: 2 - epoch / 2, ...recalls },
  isBest: epoch > 0,
}));

test("the page holds the curves, the epochs and the settings, and needs nothing from elsewhere", () => {
  const html = trainingPage(run, steps, epochs);
  const { document } = parseHTML(html);
  expect([...document.querySelectorAll("figcaption")].map(({ textContent }) => textContent)).toEqual([
    ...["Loss", "Image to text", "Text to image", "Learning rate", "Gradient norm"],
  ]);
  expect(document.querySelectorAll("svg")).toHaveLength(5);
  expect(document.querySelector("p")!.textContent).toBe("4 of 4 steps; the best epoch is 2 with the validation loss 1.2500.");
  expect(document.querySelector("table")!.textContent).toContain("1.0000 *");
  expect(html).not.toMatch(/<script|<link|@import|url\(|src=/);
});

test("the page says where no epoch is better than the start, and where nothing is held out", () => {
  const standing = (best: NonNullable<TrainingResult["best"]>) => {
    const result = { steps: 4, epochs: 2, best, chosenBy: "loss", isImproved: false, isStopped: false };
    return parseHTML(trainingPage({ ...run, result }, steps, epochs)).document.querySelector("p")!.textContent;
  };
  expect(standing({ epoch: 0, scores: { loss: 1 } })).toBe(
    "4 of 4 steps; no epoch improved on the model before training with the validation loss 1.0000, which model/ holds.",
  );
  expect(standing({ epoch: 2, scores: null })).toBe("4 of 4 steps; without a validation set, the model is that of the last epoch (2).");
});

test("the DSC of groups stands in one chart, counts by name under their titles", () => {
  const line = (epoch: number) => ({ epoch, step: epoch, metrics: { loss: 1, dsc: 0.5, dsc_lung: 0.4, dsc_heart: 0.6 }, isBest: true });
  const counts = { train: 3, validation: 1, groups: { lung: 2 }, unused: { "label image": 4 } } as unknown as TrainingFile["counts"];
  const result = { ...run.result!, chosenBy: "dsc", best: { epoch: 1, scores: { loss: 1, dsc: 0.5 } } };
  const { document } = parseHTML(trainingPage({ ...run, counts, result }, steps, [line(0), line(1)]));
  expect(document.querySelectorAll("figure")[1]!.textContent).toContain("mean of the groupslungheart");
  expect([...document.querySelectorAll("th")].map(({ textContent }) => textContent)).toContain("DSC of lung");
  expect(document.body.textContent).toMatch(/training set: lung2.*masks not used: label image4/s);
  expect(document.querySelector("p")!.textContent).toContain("the best epoch is 1 with the DSC 0.5000");
});

test("names are text, never markup", () => {
  const html = trainingPage(run, steps, epochs);
  expect(html).toContain("a&lt;b&gt;&amp;c.csv");
  expect(html).not.toContain("a<b>");
});

test("without held-out pairs there are no recalls, and no epochs", () => {
  const { document } = parseHTML(trainingPage({ ...run, result: null }, steps, []));
  expect(document.querySelectorAll("svg")).toHaveLength(3);
  expect(document.querySelector("p")!.textContent).toBe("4 of 4 steps; no epoch is finished.");
});

test("a line goes up on the page when its values do, through as many points as it has", () => {
  const points = [0, 1, 2].map((x) => ({ x, y: x * x }));
  const { document } = parseHTML(lineChart({ x: "step", y: "loss", lines: [{ name: "a", points, colour: "red" }] }));
  const path = [...document.querySelectorAll("path")].find(
    (one) => one.parentElement?.getAttribute("stroke") === "red" || one.getAttribute("stroke") === "red",
  )!;
  const at = path
    .getAttribute("d")!
    .slice(1)
    .split("L")
    .map((point: string) => point.split(",").map(Number)) as [number, number][];
  expect(at).toHaveLength(3);
  expect(at[1]![0] - at[0]![0]).toBeCloseTo(at[2]![0] - at[1]![0], 2); // x is linear
  expect((at[0]![1] - at[2]![1]) / (at[0]![1] - at[1]![1])).toBeCloseTo(4, 1); // 4 is four times as high as 1
});

test("of a hundred thousand points no more than 600 are drawn", () => {
  const points = Array.from({ length: 100_000 }, (_, x) => ({ x, y: 1 }));
  const { document } = parseHTML(lineChart({ x: "step", y: "loss", lines: [{ name: "a", points, colour: "red" }] }));
  const longest = Math.max(...[...document.querySelectorAll("path")].map((path) => path.getAttribute("d")!.split("L").length));
  expect(longest).toBe(599);
});
