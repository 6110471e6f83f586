import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runPromptReportWithPage } from "../../src/jobs/prompt-report.ts";
import { readPromptReport } from "../../src/pipeline/prompt-report/record.ts";
import { PromptReportSettings } from "../../src/pipeline/prompt-report/settings.ts";
import { ImagePart } from "../../src/saliency/_image-part.ts";
import { SamPredictor } from "../../src/segment/index.ts";
import { collect, nanoModels, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-prompt-report-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

let models: { clip: string; sam: string };
beforeAll(async () => {
  models = await nanoModels();
  for (const [i, name] of ["a", "b"].entries()) await writeDisc(at("in", `${name}.png`), i + 1, 48, 40);
  writeFileSync(at("in", "c.png"), "no picture");
});

const quick = { saliencyMethod: "gradcam", layer: 0, pictures: 1 } as const;
const reported = (given: object) =>
  collect(
    runPromptReportWithPage(
      PromptReportSettings.parse({ ...quick, ...models, inputs: [at("in")], target: "a <bright> lesion", ...given }),
      {},
    ),
  );

test("each image is encoded once for all prompts, and the report has numbers, an answer, pictures and a page", async () => {
  const [images, encodings] = [vi.spyOn(ImagePart.prototype, "of"), vi.spyOn(SamPredictor.prototype, "setImage")];
  const events = await reported({ out: at("one") });
  expect(events.at(-1)).toMatchObject({ type: "end", done: 2, failed: 1 });
  expect(images).toHaveBeenCalledTimes(2);
  expect(encodings.mock.calls.length).toBeLessThanOrEqual(2);
  vi.restoreAllMocks();
  const { prompts, images: found, kinds, failed, verdict } = await readPromptReport(at("one"));
  const kindsOf = Object.values(prompts).map(({ kind }) => kind);
  for (const kind of ["right", "paraphrase", "contradiction", "null", "gibberish"] as const) expect(kindsOf).toContain(kind);
  expect(Object.keys(kinds)).toEqual(["paraphrase", "contradiction", "null", "gibberish"]);
  expect(failed).toMatchObject([{ name: "c" }]);
  expect(verdict.sentence).toMatch(/\.$/);
  expect(prompts.right).not.toHaveProperty("compared");
  expect(found.map(({ name, pictures }) => [name, pictures !== undefined])).toEqual([
    ["a", true],
    ["b", false],
  ]);
  for (const file of Object.values(found[0]!.pictures!)) expect(existsSync(at("one", file))).toBe(true);
  const page = readFileSync(at("one", "index.html"), "utf8");
  expect(page).toContain("a &lt;bright&gt; lesion");
  expect(page).toContain("pictures/a/gibberish-1.png");
  expect(page).not.toContain("pictures/b/");
});

test("null prompts have a map of their own, though no word of them is known", async () => {
  const { images } = await readPromptReport(at("one"));
  for (const { compared } of images) expect(compared["null-1"]!.pearson).not.toBeNull();
});

test("the same prompt as its own paraphrase is wholly alike", async () => {
  await reported({ out: at("two"), paraphrase: ["a <bright> lesion"], contradiction: ["dark"] });
  const { kinds } = await readPromptReport(at("two"));
  expect(kinds.paraphrase).toMatchObject({ iou: { mean: 1, n: 2 }, margin: { mean: 0 } });
  expect(kinds.paraphrase!.pearson.mean).toBeCloseTo(1, 10);
});

test("a report is not replaced unasked, and a dry run writes nothing", async () => {
  await expect(reported({ out: at("two") })).rejects.toThrow("already exists");
  expect((await reported({ out: at("three"), dryRun: true })).at(-1)).toMatchObject({ type: "end", done: 0 });
  expect(existsSync(at("three"))).toBe(false);
});

test("where no image can be used there is no report", async () => {
  await expect(reported({ out: at("none"), inputs: [at("in", "c.png")] })).rejects.toThrow("no image could be used");
});
