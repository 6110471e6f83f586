import { join } from "node:path";
import { writeAtomic } from "../atomic-write.ts";
import { InputError } from "../errors.ts";
import { readTraining, type TrainingFile } from "../pipeline/training-record.ts";
import { type EpochLine, readMetrics, type StepLine } from "../train/index.ts";
import { escaped, page, table } from "./html.ts";
import { type Chart, type ChartLine, lineChart } from "./line-chart.ts";

/** Readable on a light ground and on a dark one, and told apart by those who see no red or green. */
const colours = { first: "#2f7ed8", second: "#e08214", third: "#3a9d6f", faint: "#8896a8" } as const;

/**
 * Writes `report.html` of a training folder, from its `run.json` and `metrics.jsonl`: the curves, the epochs, the settings.
 *
 * @returns the file
 * @throws InputError when the folder holds no training
 */
export async function writeTrainingReport(folder: string): Promise<string> {
  const run = await readTraining(folder);
  if (!run) throw new InputError(`"${folder}" holds no training: there is no run.json`);
  const { steps, epochs } = await readMetrics(folder);
  const file = join(folder, "report.html");
  await writeAtomic(file, trainingPage(run, steps, epochs));
  return file;
}

/** The page of a training. */
export function trainingPage(run: TrainingFile, steps: readonly StepLine[], epochs: readonly EpochLine[]): string {
  const body = [
    "<h1>Fine-tuning</h1>",
    `<p>${escaped(standing(run, steps))}</p>`,
    `<p class="note">${escaped(run.notice)}</p>`,
    `<div class="charts">\n${chartsOf(steps, epochs).map(figure).join("\n")}\n</div>`,
    ...(epochs.length > 0
      ? ["<h2>Epochs</h2>", table(epochRows(epochs)), '<p class="note">* the lowest so far; recalls are among all held-out pairs</p>']
      : []),
    "<h2>Pairs</h2>",
    table(pairRows(run)),
    "<h2>Settings</h2>",
    `<div class="settings">${table(settingRows(run))}</div>`,
  ];
  return page("Fine-tuning", body.join("\n"));
}

function standing({ result, stepsPerEpoch, settings }: TrainingFile, steps: readonly StepLine[]): string {
  const done = `${steps.length} of ${stepsPerEpoch * Number(settings.epochs)} steps`;
  const best = result?.best;
  if (!best) return `${done}; no epoch is finished.`;
  const loss = best.loss === null ? "" : ` with the validation loss ${best.loss.toFixed(4)}`;
  return `${done}; the best epoch is ${best.epoch}${loss}.${result.isStopped ? " Stopped early." : ""}`;
}

interface TitledChart extends Chart {
  readonly title: string;
}

function chartsOf(steps: readonly StepLine[], epochs: readonly EpochLine[]): TitledChart[] {
  const ofSteps = (value: (line: StepLine) => number) => steps.map((line) => ({ x: line.step, y: value(line) }));
  const ofEpochs = (value: (line: EpochLine) => number) => epochs.map((line) => ({ x: line.epoch, y: value(line) }));
  const step = (name: string, points: ChartLine["points"], colour: string, opacity = 1): ChartLine => ({ name, points, colour, opacity });
  const losses = ofSteps(({ loss }) => loss);
  const recall = (direction: "imageToText" | "textToImage"): ChartLine[] =>
    ([1, 5, 10] as const).map((k, i) => {
      const colour = [colours.first, colours.second, colours.third][i]!;
      return { name: `recall@${k}`, points: ofEpochs((line) => line.recall[direction][k]), colour, marked: true };
    });
  const held = epochs.map(({ step, validationLoss }) => ({ x: step, y: validationLoss }));
  const charts: TitledChart[] = [
    {
      title: "Loss",
      x: "step",
      y: "loss",
      lines: [
        step("of each step", losses, colours.faint, 0.5),
        step("smoothed", smoothed(losses), colours.first),
        ...(held.length > 0 ? [{ name: "validation", points: held, colour: colours.second, marked: true }] : []),
      ],
    },
    {
      title: "Learning rate",
      x: "step",
      y: "learning rate",
      lines: [
        step(
          "learning rate",
          ofSteps(({ lr }) => lr),
          colours.first,
        ),
      ],
    },
    {
      title: "Norm of the gradient",
      x: "step",
      y: "norm",
      lines: [
        step(
          "before clipping",
          ofSteps(({ gradNorm }) => gradNorm),
          colours.first,
        ),
      ],
    },
  ];
  if (epochs.length === 0) return charts;
  charts.splice(1, 0, { title: "Image to text", x: "epoch", y: "recall", lines: recall("imageToText"), fromZero: true });
  charts.splice(2, 0, { title: "Text to image", x: "epoch", y: "recall", lines: recall("textToImage"), fromZero: true });
  return charts;
}

function figure({ title, ...chart }: TitledChart): string {
  const legend = chart.lines.map(({ name, colour }) => `<span><i style="background:${colour}"></i>${escaped(name)}</span>`).join("");
  return `<figure><figcaption>${escaped(title)}</figcaption>\n${lineChart(chart)}\n<div class="legend">${legend}</div></figure>`;
}

/** An exponential mean over about a fiftieth of the points, without the pull towards 0 at its start. */
function smoothed(points: ChartLine["points"]): ChartLine["points"] {
  const keep = 1 - 1 / Math.max(1, points.length / 50);
  let [sum, weight] = [0, 0];
  return points.map(({ x, y }) => {
    sum = keep * sum + y;
    weight = keep * weight + 1;
    return { x, y: sum / weight };
  });
}

function epochRows(epochs: readonly EpochLine[]): string[][] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const head = [
    "epoch",
    "steps",
    "validation loss",
    ...["image to text", "text to image"].flatMap((way) => [1, 5, 10].map((k) => `${way} @${k}`)),
  ];
  const rows = epochs.map(({ epoch, step, validationLoss, recall, isBest }) => [
    epoch === 0 ? "before" : `${epoch}`,
    `${step}`,
    `${validationLoss.toFixed(4)}${isBest ? " *" : ""}`,
    ...[recall.imageToText, recall.textToImage].flatMap((way) => ([1, 5, 10] as const).map((k) => percent(way[k]))),
  ]);
  return [head, ...rows];
}

function pairRows({ counts, failed, stepsPerEpoch }: TrainingFile): string[][] {
  const rows: [string, number][] = [
    ["trained on", counts.train],
    ["held out", counts.validation],
    ["captions cut to the context", counts.truncated],
    ...Object.entries(counts.dropped).map(([reason, count]): [string, number] => [`not used: ${reason}`, count]),
    ["files that cannot be used", failed.length],
    ["steps an epoch", stepsPerEpoch],
  ];
  return [["pairs", "number"], ...rows.map(([name, count]) => [name, `${count}`])];
}

function settingRows({ settings, versions, device, weights, data, trainedSize }: TrainingFile): string[][] {
  const value = (given: unknown) => (typeof given === "string" ? given : JSON.stringify(given));
  return [
    ["setting", "value"],
    ...Object.entries(settings).map(([name, given]) => [name, value(given)]),
    ["computed on", `${device}`],
    ["numbers that are trained", `${trainedSize}`],
    ...Object.entries({ ...weights, ...data }).map(([name, { sha256 }]) => [`SHA-256 of ${name}`, sha256]),
    ...Object.entries(versions).map(([name, version]) => [`version of ${name}`, version]),
  ];
}
