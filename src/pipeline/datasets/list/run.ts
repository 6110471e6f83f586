import { writeAtomic } from "../../../files/atomic-write.ts";
import type { RunEvent } from "../../../run/events.ts";
import type { DataSet } from "../data-set.ts";
import { dataSets } from "../data-sets.ts";
import type { DatasetsListSettings } from "./settings.ts";

/** `medclip-sam datasets list`: the paper's data sets, where they are described, what to download, and under which licence. The file has all that is known. */
export async function* runDatasetsList({ json }: DatasetsListSettings): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const sets: readonly (readonly [string, DataSet])[] = Object.entries(dataSets);
  if (json !== undefined) {
    const content = sets.map(([name, { read: _, ...facts }]) => ({ name, ...facts }));
    await writeAtomic(json, `${JSON.stringify({ datasets: content }, null, 1)}\n`);
  }
  const lines = sets.flatMap(([name, set]) => [
    `${name}: ${set.title}`,
    ...factsOf(set).map(([fact, text]) => `  ${fact.padEnd(10)}${text}`),
  ]);
  if (json === undefined) lines.push("expected files, citations and what is known about the paper's splits: --json FILE");
  yield { type: "end", done: sets.length, skipped: 0, failed: 0, ms: Math.round(performance.now() - start), lines };
}

function factsOf(set: DataSet): (readonly [string, string])[] {
  return [
    ["task", `${set.task} (${set.modality})`],
    ...set.pages.map((page) => ["page", page] as const),
    ["download", set.download],
    ["licence", set.licence],
  ];
}
