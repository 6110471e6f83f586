export { writeDemoPage } from "./demo-page.ts";
export { type GateSectionOptions, gateSection, leakSection } from "./gate-section.ts";
export { type Chart, type ChartLine, lineChart } from "./line-chart.ts";
export { writePromptReportPage } from "./prompt-report.ts";
export { pseudoLabelSections, writePseudoLabelReport } from "./pseudo-label-report.ts";
export { writeTrainingReport } from "./training-report.ts";
export { uncertaintySections, writeUncertaintyReport } from "./uncertainty-report.ts";
export { writeWeakReport } from "./weak-report.ts";
