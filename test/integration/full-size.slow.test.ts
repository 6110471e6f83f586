import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadModel } from "../../src/pipeline/zero-shot/library/of-files.ts";
import { runSegment } from "../../src/pipeline/zero-shot/segment.ts";
import { SegmentSettings } from "../../src/pipeline/zero-shot/settings/commands.ts";
import { randomModel } from "../support/models.ts";
import { collect, writeDisc, writeWords } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-full-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Files with the published names and shapes: BiomedCLIP with 196 M parameters, SAM ViT-B with 94 M. */
async function fullModels(): Promise<{ clip: string; sam: string }> {
  const words = writeWords(30522);
  return { clip: await randomModel("biomedclip", words), sam: await randomModel("sam-vit-b") };
}

test("opening full-size models takes less than a second and 300 MB, as no weights are read", async () => {
  const models = await fullModels();
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const model = await loadModel(models, { prepack: false });
  expect(performance.now() - start).toBeLessThan(1000);
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  await model.dispose();
});

test("a full-size segment stays below 3 GB, and a second image needs no more memory than the first", async () => {
  const models = await fullModels();
  for (const seed of [1, 2, 3]) await writeDisc(join(folder, "scans", `${seed}.png`), seed, 512, 400);
  const settings = SegmentSettings.parse({ ...models, inputs: [join(folder, "scans")], prompt: ["dark lesion"], out: join(folder, "out") });
  const events = await collect(runSegment(settings));
  expect(events.at(-1)).toMatchObject({ done: 3, failed: 0 });
  const peak = process.resourceUsage().maxRSS * 1024;
  const { images } = JSON.parse(readFileSync(join(folder, "out", "run.json"), "utf8"));
  console.log(`peak ${(peak / 1e9).toFixed(2)} GB; milliseconds a stage: ${JSON.stringify(images.at(-1).ms)}`);
  expect(peak).toBeLessThan(3e9);
});
