import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runPromptReportWithPage } from "../../src/jobs/prompt-report.ts";
import { readPromptReport } from "../../src/pipeline/prompt-report/record.ts";
import { PromptReportSettings } from "../../src/pipeline/prompt-report/settings.ts";
import { findInputs } from "../../src/run/inputs.ts";
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
const settingsOf = (given: object) =>
  PromptReportSettings.parse({ ...quick, ...models, inputs: [at("in")], prompt: "a <bright> lesion", ...given });
const reported = (given: object) => collect(runPromptReportWithPage(settingsOf(given), {}));

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

test("the page shows the pictures of any name of an image, and a report in the folder of the images is no image", async () => {
  await writeDisc(at("odd", "a#1?%20.png"), 1, 48, 40);
  await writeDisc(at("odd", "sub", "b.png"), 2, 48, 40);
  const out = at("odd", "report");
  await reported({ inputs: [at("odd")], out, pictures: 2 });
  const page = readFileSync(join(out, "index.html"), "utf8");
  const addresses = [...page.matchAll(/<img src="([^"]+)"/g)].map(([, src]) => new URL(src!, pathToFileURL(join(out, "index.html"))));
  expect(addresses.length).toBeGreaterThan(20);
  for (const address of addresses) {
    expect(address.search + address.hash).toBe("");
    expect(existsSync(fileURLToPath(address))).toBe(true);
  }
  const { inputs } = await findInputs([at("odd")], undefined, { frames: {} });
  expect(inputs.map(({ name }) => name)).toEqual(["a#1?%20", "sub/b"]);
});

test("a report that replaces another leaves no pictures of that one, and keeps other files", async () => {
  const out = at("odd", "report");
  writeFileSync(join(out, "pictures", "sub", "notes.txt"), "mine");
  await reported({ out, overwrite: true });
  expect(readdirSync(join(out, "pictures"), { recursive: true }).sort()).toEqual(
    expect.arrayContaining(["a", "sub", join("sub", "notes.txt")]),
  );
  expect(existsSync(join(out, "pictures", "sub", "b"))).toBe(false);
  expect(existsSync(join(out, "pictures", "a#1?%20"))).toBe(false);
});

test("pictures of a report that was interrupted are no images, and it can be begun again", async () => {
  const [inputs, out] = [[at("odd", "sub")], at("odd", "sub", "again")];
  const controller = new AbortController();
  await writeDisc(at("odd", "sub", "c.png"), 3, 48, 40);
  await expect(
    (async () => {
      for await (const { type } of runPromptReportWithPage(settingsOf({ inputs, out }), { signal: controller.signal }))
        if (type === "item") controller.abort();
    })(),
  ).rejects.toThrow("cancelled");
  expect(existsSync(join(out, "pictures", "b", "right.png"))).toBe(true);
  const found = await findInputs(inputs, undefined);
  expect(found.inputs.map(({ name }) => name)).toEqual(["b", "c"]);
  expect((await reported({ inputs, out })).at(-1)).toMatchObject({ type: "end", done: 2 });
});

test("a folder of pictures that is of no report is neither mixed with one nor passed over", async () => {
  await writeDisc(at("own", "pictures", "a.png"), 1, 48, 40);
  await expect(reported({ inputs: [at("own")], out: at("own"), overwrite: true })).rejects.toThrow("is of no prompt report");
  writeFileSync(at("own", "prompt-report.json"), '{"version": "1"}');
  expect((await findInputs([at("own")], undefined)).inputs.map(({ name }) => name)).toEqual(["pictures/a"]);
});

test("where no image can be used there is no report", async () => {
  await expect(reported({ out: at("none"), inputs: [at("in", "c.png")] })).rejects.toThrow("no image could be used");
});
