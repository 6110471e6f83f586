import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clipView, cutImage, maskOfRuns } from "../../src/image/index.ts";
import { loadClip, loadSam } from "../../src/pipeline/models/model.ts";
import { runSegment } from "../../src/pipeline/zero-shot/segment.ts";
import { SegmentSettings } from "../../src/pipeline/zero-shot/settings/commands.ts";
import { decodeImage } from "../../src/scans/decode-image.ts";
import { readMask } from "../../src/scans/read-mask.ts";
import { everything } from "../../src/segment/index.ts";
import { cosine } from "../../src/tensor/cosine.ts";
import { collect, nanoModels, warningsOf, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-salip-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]) => join(folder, ...parts);

let models: Awaited<ReturnType<typeof nanoModels>>;
beforeAll(async () => {
  models = await nanoModels();
  await writeDisc(at("a.png"), 1);
});

const thresholds = { pointsPerSide: 4, predIou: 0, stability: 0, boxNms: 1 };
const segment = (settings: object) =>
  collect(
    runSegment(SegmentSettings.parse({ ...models, inputs: [at("a.png")], baseline: "salip", threads: 1, ...thresholds, ...settings })),
  );

test("the coarse mask is the region whose view CLIP finds most like the text; SAM is prompted with its box", async () => {
  expect((await segment({ prompt: ["dark lesion"], out: at("one"), raw: true })).at(-1)).toMatchObject({ done: 1, failed: 0 });
  const { image } = await decodeImage(at("a.png"), { mode: "paper" });
  const [text, { sam }] = [await loadClip(models.clip, undefined, { threads: 1 }), await loadSam(models.sam, { threads: 1 })];
  const regions = await everything(sam, image, thresholds);
  const sentence = await text.clip.textFeatures(
    text.tokenizer.encode("dark lesion", { contextLength: text.clip.config.contextLength }).ids,
  );
  const cosines: number[] = [];
  for (const { box } of regions) {
    const { pixels } = clipView(cutImage(image, box), "crop", text.clip.config.vision.imageSize);
    cosines.push(cosine(await text.clip.imageFeatures(pixels), sentence));
  }
  await Promise.all([text.clip.dispose(), sam.dispose()]);
  expect(regions.length).toBeGreaterThan(1);
  const best = regions[cosines.indexOf(Math.max(...cosines))]!;
  const { mask: coarse } = await readMask(at("one", "coarse", "a.png"));
  expect(coarse.data).toEqual(maskOfRuns(best.runs).data);
  const record = JSON.parse(readFileSync(at("one", "run.json"), "utf8"));
  expect(record.settings).toMatchObject({ baseline: "salip", pointsPerSide: 4 });
  const { x0, y0, x1, y1 } = best.box;
  expect(record.images[0].boxes).toEqual([[x0, y0, x1, y1]]);
});

test("several targets share the regions, and more of them can be kept", async () => {
  const target = ["dark=dark lesion", "bright=bright"];
  const events = await segment({ target, keep: 3, regionBackground: "blank", out: at("two") });
  expect(events.at(-1)).toMatchObject({ done: 1, failed: 0 });
  const areas = Object.values(JSON.parse(readFileSync(at("two", "run.json"), "utf8")).images[0].targets) as { coarseAreaPx: number }[];
  for (const { coarseAreaPx } of areas) expect(coarseAreaPx).toBeGreaterThan(0);
});

test("without a region that passes the thresholds the mask is empty, and a warning says which flags to lower", async () => {
  const events = await segment({ prompt: ["dark lesion"], predIou: 1, stability: 1, out: at("none") });
  const { images } = JSON.parse(readFileSync(at("none", "run.json"), "utf8"));
  expect(images[0].areaPx).toBe(0);
  expect(images[0].warnings).toContainEqual(expect.stringContaining("--pred-iou and --stability; lower them"));
  expect(warningsOf(events)).toEqual([]);
});
