import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { collect } from "../../../../test/support/tiny-run.ts";
import { dataSets } from "../data-sets.ts";
import { runDatasetsList } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-data-set-list-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("each data set is listed with its pages, what to download and its licence, and in the file with all that is known", async () => {
  const json = join(folder, "list.json");
  const events = await collect(runDatasetsList({ json }));
  const end = events.at(-1)!;
  const lines = end.type === "end" ? end.lines!.join("\n") : "";
  const { datasets } = JSON.parse(readFileSync(json, "utf8"));
  expect(datasets.map(({ name }: { name: string }) => name)).toEqual(Object.keys(dataSets));
  for (const { name, ...facts } of datasets) {
    expect(lines).toContain(`${name}: ${facts.title}`);
    for (const fact of ["task", "modality", "download", "licence"]) expect(lines).toContain(facts[fact]);
    for (const fact of ["layout", "citation", "paperSplits"]) {
      expect(facts[fact]).toBeTruthy();
      expect(lines).not.toContain(facts[fact]);
    }
    for (const page of facts.pages) expect(lines).toContain(page);
    expect(facts).not.toHaveProperty("read");
  }
});
