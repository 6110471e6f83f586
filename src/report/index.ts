export { writeDemoPage } from "./demo-page.ts";
export { type Chart, type ChartLine, lineChart } from "./line-chart.ts";
export { writeTrainingReport } from "./training-report.ts";
