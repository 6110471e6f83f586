export { type LabelEntry, type LabelRules, type LabelTable, labelRulesOf, type Region } from "./labels.ts";
