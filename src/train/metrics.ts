import { keysOf } from "../keys-of.ts";

/** A validation metric: its title, and whether lower or higher is better. */
export interface Metric {
  readonly better: "lower" | "higher";
  /** In sentences and tables. */
  readonly title: string;
  /** Its chart in the report, and its label there; the loss is shown with the training loss. */
  readonly chart?: { readonly title: string; readonly label: string; readonly axis: string };
  /** Whether it is a fraction shown in percent. */
  readonly isShare?: boolean;
}

/** Validation scores by name. Every training has a loss. */
export type Scores = { readonly loss: number } & Readonly<Record<string, number>>;

const directions = { image_to_text: "image to text", text_to_image: "text to image" } as const;

/** Name of the recall at k in one direction of retrieval. */
export const recallName = (direction: keyof typeof directions, k: number): string => `${direction}_recall_at_${k}`;

const recalls = keysOf(directions).flatMap((direction) =>
  [1, 5, 10].map((k): [string, Metric] => {
    const title = directions[direction];
    const chart = { title: `${title[0]!.toUpperCase()}${title.slice(1)}`, label: `recall@${k}`, axis: "recall" };
    return [recallName(direction, k), { better: "higher", title: `${title} R@${k}`, chart, isShare: true }];
  }),
);

/** By the names that `metrics.jsonl` and TensorBoard have. */
const metrics: Readonly<Record<string, Metric>> = {
  loss: { better: "lower", title: "validation loss" },
  dsc: { better: "higher", title: "DSC", chart: { title: "DSC on the validation set", label: "mean of the groups", axis: "DSC" } },
  pseudo_dice: {
    better: "higher",
    title: "pseudo-Dice",
    chart: { title: "Pseudo-Dice on the validation set", label: "mean of the classes", axis: "Dice" },
  },
  pseudo_dice_average: {
    better: "higher",
    title: "moving average of the pseudo-Dice",
    chart: { title: "Pseudo-Dice on the validation set", label: "moving average", axis: "Dice" },
  },
  ...Object.fromEntries(recalls),
};

/** What is known of a metric. A name such as `dsc_lung` is that metric of a group of the data. */
export function metricOf(name: string): Metric {
  const known = metrics[name];
  if (known) return known;
  const [whole, metric] = Object.entries(metrics).find(([prefix]) => name.startsWith(`${prefix}_`))!;
  const group = name.slice(whole.length + 1);
  return { ...metric, title: `${metric.title} of ${group}`, ...(metric.chart && { chart: { ...metric.chart, label: group } }) };
}

/** Whether a value of a metric is better than another one; equal ones are not. */
export function isBetter(name: string, value: number, than: number): boolean {
  return metricOf(name).better === "lower" ? value < than : value > than;
}

/** A value of a metric, formatted. */
export function shownMetric(name: string, value: number): string {
  return metricOf(name).isShare ? `${(100 * value).toFixed(1)} %` : value.toFixed(4);
}
