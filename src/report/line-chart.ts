import { axisX, axisY, dot, gridY, line, plot } from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** Points that a line joins. */
export interface ChartLine {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** A CSS colour. */
  readonly colour: string;
  /** Whether each point is marked. */
  readonly marked?: boolean;
  /** Default 1. */
  readonly opacity?: number;
}

export interface Chart {
  readonly x: string;
  readonly y: string;
  readonly lines: readonly ChartLine[];
  /** Whether the y axis begins at 0. */
  readonly fromZero?: boolean;
  /** The ends of the x axis; without them its values are whole numbers, such as steps. */
  readonly xRange?: readonly [number, number];
  /** The ends of the y axis. */
  readonly yRange?: readonly [number, number];
}

/** Points of a line beyond which neighbours are drawn as their mean: a chart has no more pixels. */
const mostPoints = 600;

/** Lines over numbers as the text of an SVG element, which takes its text colour from where it stands. */
export function lineChart({ x, y, lines, fromZero = false, xRange, yRange }: Chart): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const drawn = lines.map((one) => ({ ...one, points: thinned(one.points) }));
  const ends = drawn.flatMap(({ points }) => [points[0]?.x ?? 0, points.at(-1)?.x ?? 0]);
  const wholeTicks = Math.min(6, Math.max(1, Math.max(...ends) - Math.min(...ends)));
  const figure = plot({
    document,
    width: 460,
    height: 260,
    marginLeft: 56,
    x: { label: x, ...(xRange && { domain: xRange }) },
    y: { label: y, zero: fromZero, nice: true, ...(yRange && { domain: yRange }) },
    marks: [
      gridY(),
      axisX({ ticks: xRange ? 6 : wholeTicks }),
      axisY({ ticks: 6 }),
      ...drawn.flatMap(({ points, colour, opacity = 1, marked }) => [
        line(points, { x: "x", y: "y", stroke: colour, strokeOpacity: opacity, strokeWidth: 1.5 }),
        ...(marked ? [dot(points, { x: "x", y: "y", fill: colour, r: 2.5 })] : []),
      ]),
    ],
  });
  figure.setAttribute("role", "img");
  figure.setAttribute("aria-label", `${y} by ${x}: ${lines.map(({ name }) => name).join(", ")}`);
  return figure.outerHTML;
}

/** Means of neighbours, so that no more than so many points are left. */
function thinned(points: ChartLine["points"]): ChartLine["points"] {
  const width = Math.ceil(points.length / mostPoints);
  if (width <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / width) }, (_, i) => {
    const part = points.slice(i * width, (i + 1) * width);
    const mean = (key: "x" | "y") => part.reduce((sum, point) => sum + point[key], 0) / part.length;
    return { x: mean("x"), y: mean("y") };
  });
}
