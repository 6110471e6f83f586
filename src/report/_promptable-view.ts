import type { TargetCounts } from "../pipeline/training-record.ts";
import type { PromptEpochLine } from "../train/index.ts";
import { colours, type TrainingView } from "./_training-view.ts";

/** What a report shows of a promptable training: the DSC of each group, and what became of images and masks. */
export function promptableView(counts: TargetCounts, epochs: readonly PromptEpochLine[]): TrainingView {
  const groups = Object.keys(epochs[0]?.dscOf ?? {});
  const points = (value: (line: PromptEpochLine) => number) => epochs.map((line) => ({ x: line.epoch, y: value(line) }));
  const lines = [
    ...groups.map((group) => ({ name: group, points: points(({ dscOf }) => dscOf[group] ?? 0), colour: colours.faint, opacity: 0.6 })),
    { name: "mean of the groups", points: points(({ dsc }) => dsc), colour: colours.first, marked: true },
  ];
  return {
    charts: [{ title: "DSC of held-out targets", x: "epoch", y: "DSC", lines, fromZero: true }],
    epochs: [
      ["epoch", "steps", "validation loss", "DSC", ...groups],
      ...epochs.map(({ epoch, step, validationLoss, dsc, dscOf, isBest }) => [
        epoch === 0 ? "before" : `${epoch}`,
        `${step}`,
        validationLoss.toFixed(4),
        `${dsc.toFixed(4)}${isBest ? " *" : ""}`,
        ...groups.map((group) => (dscOf[group] ?? 0).toFixed(4)),
      ]),
    ],
    note: "* the highest so far; the DSC is that of one box a target, at the size of the model's logits",
    data: "Images and masks",
    counts: [
      ["masks to train on", counts.train],
      ["masks held out", counts.validation],
      ["images to train on", counts.trainImages],
      ["images held out", counts.validationImages],
      ["images held out that are trained on, too", counts.shared],
      ...Object.entries(counts.groups).map(([group, count]): [string, number] => [`to train on: ${group}`, count]),
      ["masks with a coarse mask", counts.coarse],
      ["empty masks, not used", counts.empty],
      ...Object.entries(counts.unused).map(([reason, count]): [string, number] => [`masks not used: ${reason}`, count]),
      ["images without a mask", counts.unmatched],
      ["masks without an image", counts.unmatchedMasks],
    ],
  };
}
