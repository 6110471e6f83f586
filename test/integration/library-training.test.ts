import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fineTune, pseudoLabel, type RunEvent, retrieve, weakSupervision } from "../../src/index.ts";
import { nanoModels, writeDisc } from "../support/tiny-run.ts";

test("the public names suffice to fine-tune CLIP on five pairs and score its retrieval", async () => {
  const folder = mkdtempSync(join(tmpdir(), "medclip-sam-library-"));
  const { clip } = await nanoModels();
  const pairs = join(folder, "captions.csv");
  for (let i = 0; i < 5; i++) await writeDisc(join(folder, `${i}.png`), i);
  writeFileSync(
    pairs,
    `filename,Caption\n${["a", "b", "c", "d", "e"].map((kind, i) => `${i}.png,a dark lesion of the kind ${kind}`).join("\n")}\n`,
  );

  const losses: number[] = [];
  for await (const event of fineTune({
    pairs: [pairs],
    clip,
    out: join(folder, "run"),
    epochs: 2,
    batch: 5,
    validation: 0,
    schedule: "cosine",
    lr: 1e-3,
  }))
    if (event.type === "step") losses.push(event.loss);
  const scores = await retrieve({ pairs: [pairs], clip: join(folder, "run", "model"), batch: 5 });

  expect(losses).toHaveLength(2);
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(scores).toMatchObject({ pairs: 5, batches: { queries: 50, leftOut: 0 } });
  expect(scores.wholeSet.imageToText.recall[5]).toBe(1);
  expect(scores.wholeSet.textToImage.meanRank).toBeGreaterThanOrEqual(1);
  rmSync(folder, { recursive: true });
});

test("weak supervision takes the models and settings of the included pack where none are given", async () => {
  const folder = mkdtempSync(join(tmpdir(), "medclip-sam-weak-library-"));
  for (let i = 0; i < 2; i++) await writeDisc(join(folder, `${i}.png`), i);
  const settings = { inputs: [folder], prompt: ["dark lesion"], out: `${folder}-out`, dryRun: true, threads: 1 };
  for (const run of [pseudoLabel(settings), weakSupervision({ ...settings, pack: undefined })]) {
    const events: RunEvent[] = [];
    for await (const event of run) events.push(event);
    expect(events[0]).toMatchObject({ type: "note", message: expect.stringContaining('settings of the pack "starter": ') });
    expect(events.at(-1)).toMatchObject({ type: "end" });
  }
  await expect(pseudoLabel({ ...settings, pack: "none" }).next()).rejects.toThrow("none");
  rmSync(folder, { recursive: true });
});
