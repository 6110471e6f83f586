import { escaped } from "./html.ts";
import { type Chart, lineChart } from "./line-chart.ts";

/** Readable on light and dark backgrounds, and distinguishable with red-green colour blindness. */
export const colours = {
  first: "#2f7ed8",
  second: "#e08214",
  third: "#3a9d6f",
  fourth: "#b5539c",
  fifth: "#8a6d3b",
  faint: "#8896a8",
} as const;

/** A chart of a page. */
export interface TitledChart extends Chart {
  readonly title: string;
}

/** A chart with its title and a legend of its lines, as HTML. */
export function figure({ title, ...chart }: TitledChart): string {
  const legend = chart.lines.map(({ name, colour }) => `<span><i style="background:${colour}"></i>${escaped(name)}</span>`).join("");
  return `<figure><figcaption>${escaped(title)}</figcaption>\n${lineChart(chart)}\n<div class="legend">${legend}</div></figure>`;
}
