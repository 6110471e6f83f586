export { type Chart, type ChartLine, lineChart } from "./line-chart.ts";
export { writeTrainingReport } from "./training-report.ts";
