import { join } from "node:path";
import { InputError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import { readTraining, type TrainingFile } from "../pipeline/training/record.ts";
import { type EpochLine, metricOf, readMetrics, type StepLine, shownMetric } from "../train/index.ts";
import { colours, figure, type TitledChart } from "./_figure.ts";
import { countRows, epochRows, scoreCharts } from "./_training-view.ts";
import { escaped, page, table } from "./html.ts";
import type { ChartLine } from "./line-chart.ts";

/**
 * Writes `report.html` of a training folder, from its `run.json` and `metrics.jsonl`: the curves, the epochs, the settings.
 *
 * @returns the file
 * @throws InputError when the folder holds no training
 */
export async function writeTrainingReport(folder: string): Promise<string> {
  const run = await trainingOf(folder);
  const { steps, epochs } = await readMetrics(folder);
  const file = join(folder, "report.html");
  await writeAtomic(file, trainingPage(run, steps, epochs));
  return file;
}

/** The curves of a training folder. @throws InputError when it holds no training */
export async function trainingCharts(folder: string): Promise<string> {
  const run = await trainingOf(folder);
  const { steps, epochs } = await readMetrics(folder);
  return [`<p>${escaped(standing(run, steps))}</p>`, chartGrid(steps, epochs)].join("\n");
}

async function trainingOf(folder: string): Promise<TrainingFile> {
  const run = await readTraining(folder);
  if (!run) throw new InputError(`"${folder}" holds no training: there is no run.json`);
  return run;
}

const chartGrid = (steps: readonly StepLine[], epochs: readonly EpochLine[]): string =>
  `<div class="charts">\n${chartsOf(steps, epochs).map(figure).join("\n")}\n</div>`;

/** The page of a training. */
export function trainingPage(run: TrainingFile, steps: readonly StepLine[], epochs: readonly EpochLine[]): string {
  const chosenBy = run.result?.chosenBy ?? "loss";
  const { better, title } = metricOf(chosenBy);
  const note = `* the ${better === "lower" ? "lowest" : "highest"} ${title} so far; epochs without a star did not improve on the best before them`;
  const body = [
    "<h1>Fine-tuning</h1>",
    `<p>${escaped(standing(run, steps))}</p>`,
    `<p class="note">${escaped(run.notice)}</p>`,
    chartGrid(steps, epochs),
    ...(epochs.length > 0 ? ["<h2>Epochs</h2>", table(epochRows(epochs, chosenBy)), `<p class="note">${escaped(note)}</p>`] : []),
    "<h2>Data</h2>",
    table(countRows(run)),
    "<h2>Settings</h2>",
    `<div class="settings">${table(settingRows(run))}</div>`,
  ];
  return page("Fine-tuning", body.join("\n"));
}

function standing({ result, stepsPerEpoch, settings }: TrainingFile, steps: readonly StepLine[]): string {
  const done = `${steps.length} of ${settings.steps ?? stepsPerEpoch * Number(settings.epochs)} steps`;
  const best = result?.best;
  if (!best) return `${done}; no epoch is finished.`;
  if (!best.scores) return `${done}; without a validation set, the model is that of the last epoch (${best.epoch}).`;
  const { chosenBy, isStopped } = result;
  const score = `with the ${metricOf(chosenBy).title} ${shownMetric(chosenBy, best.scores[chosenBy]!)}`;
  const stopped = isStopped ? " Stopped early." : "";
  if (best.epoch === 0) return `${done}; no epoch improved on the model before training ${score}, which model/ holds.${stopped}`;
  return `${done}; the best epoch is ${best.epoch} ${score}.${stopped}`;
}

function chartsOf(steps: readonly StepLine[], epochs: readonly EpochLine[]): TitledChart[] {
  const ofSteps = (value: (line: StepLine) => number) => steps.map((line) => ({ x: line.step, y: value(line) }));
  const step = (name: string, points: ChartLine["points"], colour: string, opacity = 1): ChartLine => ({ name, points, colour, opacity });
  const losses = ofSteps(({ loss }) => loss);
  const held = epochs.map(({ step, metrics }) => ({ x: step, y: metrics.loss }));
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
      title: "Gradient norm",
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
  charts.splice(1, 0, ...scoreCharts(epochs));
  return charts;
}

/** An exponential moving average over about a fiftieth of the points, with bias correction. */
function smoothed(points: ChartLine["points"]): ChartLine["points"] {
  const keep = 1 - 1 / Math.max(1, points.length / 50);
  let [sum, weight] = [0, 0];
  return points.map(({ x, y }) => {
    sum = keep * sum + y;
    weight = keep * weight + 1;
    return { x, y: sum / weight };
  });
}

function settingRows({ settings, versions, device, weights, data, trainedSize }: TrainingFile): string[][] {
  const value = (given: unknown) => (typeof given === "string" ? given : JSON.stringify(given));
  return [
    ["setting", "value"],
    ...Object.entries(settings).map(([name, given]) => [name, value(given)]),
    ["computed on", `${device}`],
    ["trainable parameters", `${trainedSize}`],
    ...Object.entries({ ...weights, ...data }).map(([name, { sha256 }]) => [`SHA-256 of ${name}`, sha256]),
    ...Object.entries(versions).map(([name, version]) => [`version of ${name}`, version]),
  ];
}
