import type { PairCounts } from "../pipeline/training-record.ts";
import type { EpochLine } from "../train/index.ts";
import { colours, type TitledChart, type TrainingView } from "./_training-view.ts";

const ranks = [1, 5, 10] as const;

/** What a report shows of a contrastive training: recalls in both directions, and what became of the pairs. */
export function contrastiveView(counts: PairCounts, epochs: readonly EpochLine[]): TrainingView {
  return {
    charts: [recallChart("Image to text", "imageToText", epochs), recallChart("Text to image", "textToImage", epochs)],
    epochs: epochRows(epochs),
    note: "* the lowest so far; recalls are among all held-out pairs",
    data: "Pairs",
    counts: [
      ["trained on", counts.train],
      ["held out", counts.validation],
      ["held-out images that are trained on, too", counts.shared],
      ["captions cut to the context", counts.truncated],
      ...Object.entries(counts.dropped).map(([reason, count]): [string, number] => [`not used: ${reason}`, count]),
    ],
  };
}

function recallChart(title: string, direction: "imageToText" | "textToImage", epochs: readonly EpochLine[]): TitledChart {
  const lines = ranks.map((k, i) => ({
    name: `recall@${k}`,
    points: epochs.map(({ epoch, recall }) => ({ x: epoch, y: recall[direction][k] })),
    colour: [colours.first, colours.second, colours.third][i]!,
    marked: true,
  }));
  return { title, x: "epoch", y: "recall", lines, fromZero: true };
}

function epochRows(epochs: readonly EpochLine[]): string[][] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const head = [
    "epoch",
    "steps",
    "validation loss",
    ...["image to text", "text to image"].flatMap((way) => ranks.map((k) => `${way} @${k}`)),
  ];
  const rows = epochs.map(({ epoch, step, validationLoss, recall, isBest }) => [
    epoch === 0 ? "before" : `${epoch}`,
    `${step}`,
    `${validationLoss.toFixed(4)}${isBest ? " *" : ""}`,
    ...[recall.imageToText, recall.textToImage].flatMap((way) => ranks.map((k) => percent(way[k]))),
  ]);
  return [head, ...rows];
}
