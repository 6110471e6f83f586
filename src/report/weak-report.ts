import { join } from "node:path";
import { writeAtomic } from "../files/atomic-write.ts";
import { masksUsedLine } from "../gate/index.ts";
import { type Comparison, comparisonRows, readComparison } from "../pipeline/weak/run/compare.ts";
import { foldersOf } from "../pipeline/weak/run/folders.ts";
import { repeatCommand } from "../pipeline/weak/run/repeat.ts";
import { escaped, page, table } from "./html.ts";
import { pseudoLabelSections } from "./pseudo-label-report.ts";
import { trainingCharts } from "./training-report.ts";
import { uncertaintySections } from "./uncertainty-report.ts";

/** Writes `report.html` of a weakly supervised run: results, pseudo-labels, training, ensemble, and the command that repeats it. @returns the file */
export async function writeWeakReport(out: string): Promise<string> {
  const folders = foldersOf(out);
  const comparison = await readComparison(out);
  const body = [
    "<h1>Weakly supervised segmentation</h1>",
    '<p class="note">Research use only; not a medical device.</p>',
    ...(comparison ? [resultSection(comparison)] : []),
    await pseudoLabelSections(folders.pseudoLabels),
    `<section><h2>Training</h2>\n${await trainingCharts(folders.training)}</section>`,
    await uncertaintySections(folders.ensemble),
    `<section><h2>Repeat</h2>\n<p><code>${escaped(repeatCommand(out))}</code></p></section>`,
  ];
  const file = join(out, "report.html");
  await writeAtomic(file, page("Weakly supervised segmentation", body.join("\n")));
  return file;
}

/** The methods on the same images. */
function resultSection(comparison: Comparison): string {
  return `<section><h2>Results</h2>
<div class="results">${table(comparisonRows(comparison))}</div>
<p class="note">Means with 95 % bootstrap intervals over images. ${masksUsedLine(comparison.masksUsed)}; no setting was chosen on the true masks of this table.</p></section>`;
}
