import type { Chart } from "./line-chart.ts";

/** Readable on a light ground and on a dark one, and told apart by those who see no red or green. */
export const colours = { first: "#2f7ed8", second: "#e08214", third: "#3a9d6f", faint: "#8896a8" } as const;

export interface TitledChart extends Chart {
  readonly title: string;
}

/** What a report shows of one kind of training and not of others. */
export interface TrainingView {
  /** What held-out data say over the epochs. */
  readonly charts: readonly TitledChart[];
  /** A table of the epochs; its first row names the columns. */
  readonly epochs: readonly (readonly string[])[];
  /** What stands below this table. */
  readonly note: string;
  /** What is trained on, as a title. */
  readonly data: string;
  /** How many of what. */
  readonly counts: readonly (readonly [name: string, count: number])[];
}
